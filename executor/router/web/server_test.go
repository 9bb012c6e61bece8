package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/router/upstream"
)

// front is a server that listens, with what a test needs to change its table.
type front struct {
	*Server
	set  *upstream.Set
	addr string
}

// start starts a server with these routes.
func start(t *testing.T, routes ...Route) *front {
	t.Helper()
	f := &front{set: upstream.NewSet()}
	f.Server = New(f.set, nil, nil)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.addr = l.Addr().String()
	go f.Serve(l, false)
	t.Cleanup(func() { l.Close(); f.Close() })
	f.routes(t, routes...)
	return f
}

func (f *front) routes(t *testing.T, routes ...Route) {
	t.Helper()
	for i := range routes {
		if routes[i].Name == "" {
			routes[i].Name = fmt.Sprint("route", i)
		}
		if routes[i].Host == "" {
			routes[i].Host = "shop.localhost"
		}
		if routes[i].Path == "" {
			routes[i].Path = "/"
		}
	}
	if err := Check(routes); err != nil {
		t.Fatal(err)
	}
	f.Set(routes)
	wanted := map[string]bool{}
	for _, r := range routes {
		for _, a := range r.Upstreams {
			wanted[a] = true
		}
	}
	f.set.Keep(wanted)
}

// client returns a client whose every host is the front, and that follows nothing and retries nothing.
func (f *front) client() *http.Client {
	return &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp4", f.addr)
		}}}
}

// http2 is a client that speaks HTTP/2 without TLS.
func (f *front) http2() *http.Client {
	c := f.client()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	c.Transport.(*http.Transport).Protocols = protocols
	return c
}

// longer makes a request take the long way.
func longer(r *http.Request) *http.Request {
	r.Header.Set("TE", "trailers")
	return r
}

// ways calls do for each of the two ways, with what makes a request go that way.
func ways(t *testing.T, do func(t *testing.T, way func(*http.Request) *http.Request)) {
	t.Run("short", func(t *testing.T) { do(t, func(r *http.Request) *http.Request { return r }) })
	t.Run("long", func(t *testing.T) { do(t, longer) })
}

func app(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func newRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	q, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// get returns status, body and header.
func get(t *testing.T, c *http.Client, r *http.Request) (int, string, http.Header) {
	t.Helper()
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body), response.Header
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); <-time.After(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen in time")
		}
	}
}

// What the upstream sees, on both ways.
func TestRequestIsPassedOn(t *testing.T) {
	ways(t, func(t *testing.T, way func(*http.Request) *http.Request) {
		seen := make(chan *http.Request, 1)
		a := app(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			seen <- r
			w.Header().Set("X-Answer", "yes")
			w.Header().Set("Connection", "X-Private")
			w.Header().Set("X-Private", "no")
			w.WriteHeader(http.StatusCreated)
			io.WriteString(w, "made")
		})
		f := start(t, Route{Upstreams: []string{a}})
		q := newRequest(t, "PUT", "http://Shop.Localhost:8080/a%2Fb/c?x=1&y=%20;z&rate=5%", "some body")
		for name, value := range map[string]string{"X-Forwarded-For": "1.2.3.4", "X_Forwarded_Proto": "evil", "Forwarded": "for=evil", "X-Forwarded-User": "root", "X-Real_IP": "1.2.3.4",
			"Proxy-Authorization": "secret", "X-Own": "kept"} {
			q.Header[name] = []string{value}
		}
		status, body, header := get(t, f.client(), way(q))
		if status != 201 || body != "made" || header.Get("X-Answer") != "yes" || header.Get("X-Private") != "" {
			t.Errorf("got %d %q %v", status, body, header)
		}
		r := <-seen
		content, _ := io.ReadAll(r.Body)
		if r.Method != "PUT" || r.RequestURI != "/a%2Fb/c?x=1&y=%20;z&rate=5%" || string(content) != "some body" || r.Host != "Shop.Localhost:8080" {
			t.Errorf("got %s %s %s %q", r.Method, r.Host, r.RequestURI, content)
		}
		for name, want := range map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Real-Ip": "127.0.0.1", "X-Forwarded-Host": "Shop.Localhost:8080", "X-Forwarded-Proto": "http",
			"Forwarded": `for=127.0.0.1;host="Shop.Localhost:8080";proto=http`, "X-Own": "kept", "X-Forwarded-User": "", "Proxy-Authorization": ""} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		for _, name := range []string{"X_forwarded_proto", "X-Real_ip"} {
			if v := r.Header[name]; v != nil {
				t.Errorf("a field in disguise came through: %s %v", name, v)
			}
		}
	})
}

func TestBodiesOfAllKinds(t *testing.T) {
	ways(t, func(t *testing.T, way func(*http.Request) *http.Request) {
		large := strings.Repeat("0123456789abcdef", 100_000)
		a := app(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/length":
				w.Header().Set("Content-Length", fmt.Sprint(len(large)))
				io.WriteString(w, large)
			case "/chunks":
				w.(http.Flusher).Flush()
				for i := 0; i < len(large); i += 100_000 {
					io.WriteString(w, large[i:i+100_000])
					w.(http.Flusher).Flush()
				}
			case "/close":
				conn, buffered, _ := http.NewResponseController(w).Hijack()
				buffered.WriteString("HTTP/1.0 200 OK\r\n\r\n" + large)
				buffered.Flush()
				conn.Close()
			case "/echo":
				body, _ := io.ReadAll(r.Body)
				w.Write(body)
			case "/empty":
				w.WriteHeader(http.StatusNoContent)
			case "/small":
				io.WriteString(w, "small")
			}
		})
		f := start(t, Route{Upstreams: []string{a}})
		c := f.client()
		for range 3 { // connections are kept, and whatever came before leaves nothing behind
			for path, want := range map[string]string{"/length": large, "/chunks": large, "/close": large, "/empty": "", "/small": "small"} {
				if _, body, _ := get(t, c, way(newRequest(t, "GET", "http://shop.localhost"+path, ""))); body != want {
					t.Errorf("%s: got %d bytes, want %d", path, len(body), len(want))
				}
				if _, body, header := get(t, c, way(newRequest(t, "HEAD", "http://shop.localhost"+path, ""))); body != "" || path == "/length" && header.Get("Content-Length") != fmt.Sprint(len(large)) {
					t.Errorf("HEAD %s: got %q %v", path, body, header)
				}
			}
			for _, body := range []string{"x", large[:60_000], large} {
				if _, got, _ := get(t, c, way(newRequest(t, "POST", "http://shop.localhost/echo", body))); got != body {
					t.Errorf("echo of %d bytes: got %d", len(body), len(got))
				}
			}
			q := newRequest(t, "POST", "http://shop.localhost/echo", "")
			q.Body, q.ContentLength = io.NopCloser(strings.NewReader("of unknown length")), -1
			if _, got, _ := get(t, c, q); got != "of unknown length" {
				t.Errorf("got %q", got)
			}
		}
	})
}

// An answer that breaks off must not look whole.
func TestBrokenAnswersBreak(t *testing.T) {
	ways(t, func(t *testing.T, way func(*http.Request) *http.Request) {
		for _, answer := range []string{
			"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nha",
		} {
			f := start(t, Route{Upstreams: []string{raw(t, answer)}})
			response, err := f.client().Do(way(newRequest(t, "GET", "http://shop.localhost/", "")))
			if err != nil {
				continue // it broke before the head
			}
			if body, err := io.ReadAll(response.Body); err == nil {
				t.Errorf("%q arrived as a whole %q", answer, body)
			}
			response.Body.Close()
		}
	})
}

// Answers that could be understood in two ways, or in none, are not passed on.
func TestBadAnswersAreRefused(t *testing.T) {
	for _, answer := range []string{
		"hello\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nName: a\x00b\r\n\r\n",
		"HTTP/1.1 200 OK\r\n folded\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"",
	} {
		f := start(t, Route{Upstreams: []string{raw(t, answer)}})
		if status, _, _ := get(t, f.client(), newRequest(t, "POST", "http://shop.localhost/", "x")); status != 502 {
			t.Errorf("%q: got %d", answer, status)
		}
	}
}

// raw answers each request with that text and ends the connection.
func raw(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					io.Copy(io.Discard, r.Body)
					io.WriteString(conn, answer)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// Requests by which a client could make router and app see different ones are refused, or arrive as one that is clear.
func TestNothingIsSmuggled(t *testing.T) {
	var paths atomic.Pointer[[]string]
	paths.Store(&[]string{})
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		all := append(slices.Clone(*paths.Load()), r.URL.Path)
		paths.Store(&all)
	})
	f := start(t, Route{Upstreams: []string{a}})
	const hidden = "GET /hidden HTTP/1.1\r\nHost: shop.localhost\r\n\r\n"
	for _, head := range []string{
		"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: %[1]d\r\nContent-Length: 0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 0, %[1]d\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: +%[1]d\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length : %[1]d\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: %[1]d\r\nTransfer-Encoding: xchunked\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: %[1]d\r\nTransfer-Encoding : chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: %[1]d\r\n Transfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: shop.localhost\r\nHost: other.localhost\r\nContent-Length: %[1]d\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: shop.localhost\nContent-Length: %[1]d\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: shop.localhost\r\nX: a\rContent-Length: 0\r\nContent-Length: %[1]d\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: %[1]d\r\n\r\n",
		"POST /\thttp HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: %[1]d\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: Content-Length\r\nContent-Length: %[1]d\r\n\r\n",
	} {
		conn, err := net.Dial("tcp4", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(time.Minute))
		fmt.Fprintf(conn, head+hidden, len(hidden))
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn)
		conn.Close()
	}
	if slices.Contains(*paths.Load(), "/hidden") {
		t.Errorf("the app got %q", *paths.Load())
	}
}

// A body that makes no sense is the client's fault: no upstream rests for it.
func TestBadBodiesAreNobodyElsesFault(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	f := start(t, Route{Upstreams: []string{a}})
	for range 5 {
		conn, err := net.Dial("tcp4", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Minute))
		io.WriteString(conn, "POST / HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nhello\r\n0\r\n\r\n")
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || response.StatusCode != 400 {
			t.Errorf("got %v, %v", response, err)
		}
	}
	if s := f.Stats()[0]; s.Ejected != 0 || s.Resting != 0 {
		t.Errorf("got %+v", s)
	}
}

// Requests that follow each other without waiting are answered in their order, on whichever way.
func TestPipelining(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) })
	f := start(t, Route{Upstreams: []string{a}})
	conn, err := net.Dial("tcp4", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(conn, "GET /1 HTTP/1.1\r\nHost: shop.localhost\r\n\r\nPOST /2 HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\nHost: shop.localhost\r\nTE: trailers\r\n\r\nGET /4 HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
	answers := bufio.NewReader(conn)
	for i := range 4 {
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(response.Body); string(body) != fmt.Sprint("/", i+1) {
			t.Errorf("got %q", body)
		}
	}
}

func TestRoutesByHostAndPath(t *testing.T) {
	name := func(s string) string {
		return app(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s %s", s, r.RequestURI) })
	}
	f := start(t, Route{Upstreams: []string{name("root")}}, Route{Path: "/api", Strip: true, Upstreams: []string{name("api")}}, Route{Path: "/api/v2", Upstreams: []string{name("v2")}},
		Route{Host: "*.example.com", Upstreams: []string{name("wild")}}, Route{Host: "*.b.example.com", Upstreams: []string{name("deep")}}, Route{Host: "a.example.com", Path: "/only", Upstreams: []string{name("only")}})
	ways(t, func(t *testing.T, way func(*http.Request) *http.Request) {
		for url, want := range map[string]string{
			"http://shop.localhost/":          "root /",
			"http://SHOP.localhost:1234/apix": "root /apix",
			"http://shop.localhost./api":      "api /",
			"http://shop.localhost/api/":      "api /",
			"http://shop.localhost/api?q=1":   "api /?q=1",
			"http://shop.localhost/api/x/y?q": "api /x/y?q",
			"http://shop.localhost/api/v2/x":  "v2 /api/v2/x",
			"http://x.example.com/":           "wild /",
			"http://x.y.example.com/":         "wild /",
			"http://x.b.example.com/":         "deep /",
			"http://a.example.com/only/1":     "only /only/1",
			"http://a.example.com/other":      "wild /other",
			"http://other.localhost/":         "404",
			"http://example.com/":             "404",
		} {
			status, body, _ := get(t, f.client(), way(newRequest(t, "GET", url, "")))
			if want == "404" && status == 404 {
				continue
			}
			if body != want {
				t.Errorf("%s: got %d %q, want %q", url, status, body, want)
			}
		}
	})
}

func TestBalances(t *testing.T) {
	var addresses []string
	for i := range 3 {
		addresses = append(addresses, app(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, i) }))
	}
	ways(t, func(t *testing.T, way func(*http.Request) *http.Request) {
		f := start(t, Route{Upstreams: addresses}, Route{Path: "/hash", Balance: upstream.Hash, By: "header:X-User", Upstreams: addresses},
			Route{Path: "/cookie", Balance: upstream.Hash, By: "cookie:user", Upstreams: addresses}, Route{Path: "/client", Balance: upstream.Hash, Upstreams: addresses},
			Route{Path: "/sticky", Balance: upstream.Sticky, Upstreams: addresses}, Route{Path: "/least", Balance: upstream.LeastConnections, Upstreams: addresses})
		c := f.client()
		ask := func(path string, change func(*http.Request)) (string, http.Header) {
			q := newRequest(t, "GET", "http://shop.localhost"+path, "")
			if change != nil {
				change(q)
			}
			_, body, header := get(t, c, way(q))
			return body, header
		}
		counts := map[string]int{}
		for range 9 {
			body, _ := ask("/", nil)
			counts[body]++
			body, _ = ask("/least", nil)
			counts["least "+body]++
		}
		for i := range 3 {
			if counts[fmt.Sprint(i)] != 3 || counts[fmt.Sprint("least ", i)] == 0 {
				t.Errorf("got %v", counts)
			}
		}
		users := map[string]bool{}
		for user := range 30 {
			first, _ := ask("/hash", func(r *http.Request) { r.Header.Set("X-User", fmt.Sprint(user)) })
			again, _ := ask("/hash", func(r *http.Request) { r.Header.Set("X-User", fmt.Sprint(user)) })
			cookie, _ := ask("/cookie", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "user", Value: fmt.Sprint(user)}) })
			if first != again || first != cookie {
				t.Errorf("user %d: got %s, %s and %s", user, first, again, cookie)
			}
			users[first] = true
		}
		if len(users) != 3 {
			t.Errorf("all users came to %v", users)
		}
		one, _ := ask("/client", nil)
		if two, _ := ask("/client", nil); one != two {
			t.Errorf("got %s and %s", one, two)
		}
		first, header := ask("/sticky", nil)
		cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
		if !strings.Contains(header.Get("Set-Cookie"), "; Path=/sticky; HttpOnly; SameSite=Lax") {
			t.Errorf("got the cookie %q", header.Get("Set-Cookie"))
		}
		for range 5 {
			again, header := ask("/sticky", func(r *http.Request) { r.Header.Set("Cookie", "a=b; "+cookie) })
			if again != first || header.Get("Set-Cookie") != "" {
				t.Errorf("got %s after %s, %v", again, first, header)
			}
		}
	})
}

func TestWaitsAndGivesUp(t *testing.T) {
	ways(t, func(t *testing.T, way func(*http.Request) *http.Request) {
		f := start(t, Route{Wait: time.Millisecond}, Route{Path: "/patient", Wait: time.Hour})
		c := f.client()
		if status, body, header := get(t, c, way(newRequest(t, "GET", "http://shop.localhost/", ""))); status != 503 || !strings.Contains(body, "The app is not ready.") || header.Get("Retry-After") == "" {
			t.Errorf("got %d %q %v", status, body, header)
		}
		answered := make(chan int, 1)
		q := way(newRequest(t, "POST", "http://shop.localhost/patient", "body"))
		go func() {
			response, err := c.Do(q)
			if err != nil {
				answered <- 0
				return
			}
			response.Body.Close()
			answered <- response.StatusCode
		}()
		eventually(t, func() bool {
			return slices.ContainsFunc(f.Stats(), func(s Stats) bool { return s.Waiting == 1 })
		})
		f.routes(t, Route{}, Route{Path: "/patient", Wait: time.Hour, Upstreams: []string{app(t, func(http.ResponseWriter, *http.Request) {})}})
		if status := <-answered; status != 200 {
			t.Errorf("got %d", status)
		}
	})
}

func TestLimits(t *testing.T) {
	ways(t, func(t *testing.T, way func(*http.Request) *http.Request) {
		release := make(chan struct{})
		a := app(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/one" {
				<-release
			}
		})
		f := start(t, Route{BodyLimit: 10, Upstreams: []string{a}}, Route{Path: "/one", Limit: 1, Upstreams: []string{a}}, Route{Path: "/slow", Timeout: 50 * time.Millisecond, Upstreams: []string{app(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })}})
		if status, _, _ := get(t, f.client(), way(newRequest(t, "POST", "http://shop.localhost/", "more than ten"))); status != 413 {
			t.Errorf("got %d", status)
		}
		q := newRequest(t, "POST", "http://shop.localhost/", "")
		q.Body, q.ContentLength = io.NopCloser(strings.NewReader("more than ten")), -1
		if status, _, _ := get(t, f.client(), way(q)); status != 413 {
			t.Errorf("of unknown length: got %d", status)
		}
		if status, _, _ := get(t, f.client(), way(newRequest(t, "GET", "http://shop.localhost/slow", ""))); status != 504 {
			t.Errorf("got %d", status)
		}
		first := way(newRequest(t, "GET", "http://shop.localhost/one", ""))
		done := make(chan struct{})
		go func() {
			defer close(done)
			if response, err := f.client().Do(first); err == nil {
				response.Body.Close()
			}
		}()
		eventually(t, func() bool {
			return slices.ContainsFunc(f.Stats(), func(s Stats) bool { return s.Path == "/one" && s.InFlight == 1 })
		})
		if status, _, _ := get(t, f.client(), way(newRequest(t, "GET", "http://shop.localhost/one", ""))); status != 503 {
			t.Errorf("got %d", status)
		}
		close(release)
		<-done
	})
}

// short is a context that ends soon.
func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}
