package web

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"testing"
)

// A request that takes the short way is the one that net/http would have seen.
func FuzzRequest(f *testing.F) {
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /a?b=c HTTP/1.1\r\nHost: shop.localhost:8080\r\nContent-Length: 3\r\nConnection: close\r\nCookie: a=b; c=d\r\n\r\n",
		"GET /%2f HTTP/1.1\r\nX_Forwarded_For: a\r\nhost: a\r\nAccept: \t x \r\nKeep-Alive: 3\r\n\r\n",
		"GET http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		end := bytes.Index(head, headEnd)
		if end < 0 {
			return
		}
		head = head[:end+len(headEnd)]
		var r request
		if !r.parse(head) {
			return
		}
		want, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", head, err)
		}
		if want.Method != string(r.method) || want.RequestURI != string(r.target) || want.Host != string(r.host) || want.ContentLength != r.length ||
			want.Close != r.close || want.TransferEncoding != nil || want.Header.Get("Upgrade") != "" || want.Header.Get("Expect") != "" {
			t.Fatalf("%q is %+v, want %+v", head, r, want)
		}
		for _, field := range r.fields {
			found := false
			for _, v := range want.Header.Values(string(field.name)) {
				found = found || v == string(field.value)
			}
			if !found {
				t.Fatalf("%q has the field %q: %q", head, field.name, field.value)
			}
		}
	})
}

// An answer that is understood has one meaning: net/http finds the same.
func FuzzReply(f *testing.F) {
	for _, head := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
		"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nConnection: a, close\r\nA: b\r\n\r\n",
		"HTTP/1.0 404 Not Found\r\n\r\n",
	} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		end := bytes.Index(head, headEnd)
		if end < 0 {
			return
		}
		head = head[:end+len(headEnd)]
		var r reply
		if r.parse(head) != nil {
			return
		}
		want, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), nil)
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", head, err)
		}
		chunked := len(want.TransferEncoding) > 0
		bodiless := r.bodiless([]byte("GET")) || r.status < 200
		if want.StatusCode != r.status || !bodiless && (chunked != r.chunked || !chunked && want.ContentLength != r.length) {
			t.Fatalf("%q is %+v, want %+v", head, r, want)
		}
	})
}

// The end of a body in chunks is where net/http finds it, however it is cut into pieces.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\n"), 2)
	f.Add([]byte("a;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /"), 5)
	f.Fuzz(func(t *testing.T, body []byte, step int) {
		var whole, pieces chunks
		n, done, err := whole.feed(body)
		step = max(step, 1)
		at, doneToo, errToo := 0, false, error(nil)
		for at < len(body) && !doneToo && errToo == nil {
			var m int
			m, doneToo, errToo = pieces.feed(body[at:min(len(body), at+step)])
			at += m
		}
		if at != n || done != doneToo || (err == nil) != (errToo == nil) {
			t.Fatalf("%q in pieces of %d: %d %v %v, in one %d %v %v", body, step, at, doneToo, errToo, n, done, err)
		}
		if !done {
			return
		}
		rest := bufio.NewReader(bytes.NewReader(body))
		if _, err := io.ReadAll(httputil.NewChunkedReader(rest)); err != nil {
			t.Fatalf("net/http refuses %q: %v", body[:n], err)
		}
		// It leaves the trailer.
		for {
			line, err := rest.ReadString('\n')
			if err != nil {
				t.Fatalf("the trailer of %q does not end", body[:n])
			}
			if line == "\r\n" {
				break
			}
		}
		if left := rest.Buffered(); left != len(body)-n {
			t.Fatalf("%q ends %s bytes before the end, not %d", body, strconv.Itoa(left), len(body)-n)
		}
	})
}
