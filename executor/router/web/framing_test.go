package web

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const (
	chunkedHead = "POST /%s HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
	doubleHead  = "POST /%s HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
)

// converse sends requests on one connection, each after the answer to the one before, until the router closes it.
func converse(t *testing.T, f *front, requests ...string) (statuses []int, bodies []string, closed bool) {
	t.Helper()
	conn, err := net.Dial("tcp4", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	answers := bufio.NewReader(conn)
	for _, r := range requests {
		io.WriteString(conn, r)
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			return statuses, bodies, true
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		statuses, bodies = append(statuses, response.StatusCode), append(bodies, string(body))
		if response.Close {
			_, err := answers.ReadByte()
			return statuses, bodies, err != nil
		}
	}
	return statuses, bodies, false
}

// A body whose end is said in two ways is refused, and nothing of the connection is read any more: as the first request, after
// plain ones, after some that have gone the long way, and behind another one without waiting. The app sees none of them.
func TestTwoEndsOfABodyAreRefused(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if strings.Contains(r.URL.Path, "double") {
			t.Errorf("the app got %s", r.URL)
		}
		io.WriteString(w, r.URL.Path)
	})
	f := start(t, Route{Upstreams: []string{a}})
	const plain = "GET /plain HTTP/1.1\r\nHost: shop.localhost\r\n\r\n"
	chunked, double := fmt.Sprintf(chunkedHead, "chunked"), fmt.Sprintf(doubleHead, "double")
	long := "POST /long HTTP/1.1\r\nHost: shop.localhost\r\nTE: trailers\r\nContent-Length: 30\r\n\r\n" + strings.Repeat("GET /\r\n\r\n ", 3)
	for name, requests := range map[string][]string{
		"first":             {double},
		"after plain ones":  {plain, plain, double},
		"after long ones":   {chunked, long, chunked, long, plain, double},
		"the other order":   {chunked, strings.Replace(strings.Replace(double, "Content-Length: 13\r\n", "", 1), "chunked\r\n", "chunked\r\nContent-Length: 13\r\n", 1)},
		"another case":      {long, strings.Replace(double, "Content-Length", "cONTENT-lENGTH", 1)},
		"lines without CR":  {long, strings.ReplaceAll(double, "\r\n", "\n")},
		"said twice":        {long, strings.Replace(double, "Content-Length: 13\r\n", "Content-Length: 13\r\nContent-Length: 13\r\n", 1)},
		"an unknown coding": {long, strings.Replace(double, "chunked\r\n", "gzip\r\n", 1)},
		"HTTP/1.0":          {strings.Replace(strings.Replace(double, "HTTP/1.1", "HTTP/1.0", 1), "Transfer", "Connection: keep-alive\r\nTransfer", 1)},
		"HTTP/1.0, no size": {strings.Replace(strings.Replace(chunked, "HTTP/1.1", "HTTP/1.0", 1), "Transfer", "Connection: keep-alive\r\nTransfer", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			statuses, _, closed := converse(t, f, append(requests, plain)...)
			for i, status := range statuses {
				if last := i == len(requests)-1; last && status != 400 || !last && status != 200 {
					t.Errorf("answer %d is %d", i, status)
				}
			}
			if len(statuses) != len(requests) || !closed {
				t.Errorf("got %v, closed %v", statuses, closed)
			}
		})
	}
	t.Run("without waiting", func(t *testing.T) {
		conn, err := net.Dial("tcp4", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Minute))
		io.WriteString(conn, long+chunked+long+double+plain)
		all, _ := io.ReadAll(conn)
		if got := bytes.Count(all, []byte("HTTP/1.1 200")); got != 3 {
			t.Errorf("%d answers of the app", got)
		}
		if got := bytes.Count(all, []byte("HTTP/1.1 400")); got != 1 {
			t.Errorf("%d refusals in %q", got, all)
		}
	})
}

// Chunked requests keep their connection, as long as what is before them is clear; else it ends with the answer.
func TestChunkedRequestsKeepTheirConnection(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
	})
	f := start(t, Route{Upstreams: []string{a}})
	chunked := fmt.Sprintf(chunkedHead, "chunked")
	odd := strings.Replace(chunked, "Host", "X: a\nHost", 1)
	trailer := strings.Replace(chunked, "0\r\n\r\n", "0\r\nX: Content-Length: 3\r\n\r\n", 1)
	for name, c := range map[string]struct {
		requests []string
		whole    bool
	}{
		"clear": {[]string{chunked, trailer, "\r\n" + chunked, chunked}, true},
		"odd":   {[]string{chunked, odd, chunked}, false},
	} {
		t.Run(name, func(t *testing.T) {
			statuses, bodies, closed := converse(t, f, c.requests...)
			want := len(c.requests)
			if !c.whole {
				want--
			}
			if len(statuses) != want || closed == c.whole {
				t.Errorf("got %v, closed %v", statuses, closed)
			}
			for i := range statuses {
				if statuses[i] != 200 || bodies[i] != "abc" {
					t.Errorf("answer %d is %d, %q", i, statuses[i], bodies[i])
				}
			}
		})
	}
}

// Where it says that it is not lost, framing finds the same requests as net/http, in whichever pieces they come.
func FuzzFraming(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(chunkedHead+doubleHead, "a", "b")))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab\r\nGET / HTTP/1.0\r\nContent-Length : 3\r\n\r\nabc"))
	f.Add([]byte("POST / HTTP/1.1\nHost: a\nX: y\r\n Content-Length: 3\n\nabcPRI * HTTP/2.0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, all []byte) {
		var whole, pieces framing
		n, ok := whole.feed(all)
		at := 0
		for i := range all {
			if _, alike := pieces.feed(all[i : i+1]); !alike {
				at = i + 1
				break
			}
		}
		if ok != (at == 0) || !ok && n != at || whole.lost.Load() != pieces.lost.Load() {
			t.Fatalf("%q: at once %d, %v, lost %v; by bytes %d, lost %v", all, n, ok, whole.lost.Load(), at, pieces.lost.Load())
		}
		var watched framing
		refused := false
		r := bufio.NewReader(iotest.OneByteReader(io.TeeReader(bytes.NewReader(all), writer(func(b []byte) {
			if !refused {
				_, ok := watched.feed(b)
				refused = !ok
			}
		}))))
		for {
			q, err := http.ReadRequest(r)
			if err != nil || refused || watched.lost.Load() {
				return
			}
			if chunked := len(q.TransferEncoding) > 0; chunked != watched.chunked || !chunked && q.ContentLength != watched.left || r.Buffered() > 0 {
				t.Fatalf("%q: got chunked %v, %d bytes; net/http has %v, %d", all, watched.chunked, watched.left, q.TransferEncoding, q.ContentLength)
			}
			if _, err := io.Copy(io.Discard, q.Body); err != nil {
				return
			}
		}
	})
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }
