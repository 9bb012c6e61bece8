package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// A connection that changes its protocol, as a WebSocket does, carries bytes both ways and counts until it ends.
func TestUpgrade(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "echo" {
			http.Error(w, "no upgrade", http.StatusBadRequest)
			return
		}
		conn, buffered, _ := http.NewResponseController(w).Hijack()
		defer conn.Close()
		buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		buffered.Flush()
		io.Copy(conn, buffered)
	})
	f := start(t, Route{Upstreams: []string{a}})
	conn, err := net.Dial("tcp4", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(conn, "GET /chat HTTP/1.1\r\nHost: shop.localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	answers := bufio.NewReader(conn)
	response, err := http.ReadResponse(answers, nil)
	if err != nil || response.StatusCode != 101 {
		t.Fatalf("got %v, %v", response, err)
	}
	for i := range 3 {
		fmt.Fprintf(conn, "line %d\n", i)
		if line, err := answers.ReadString('\n'); err != nil || line != fmt.Sprintf("line %d\n", i) {
			t.Fatalf("got %q, %v", line, err)
		}
	}
	f.routes(t, Route{})
	if open, _ := f.set.Drain(short(t), a); open != 1 {
		t.Errorf("%d are in flight", open)
	}
	conn.Close()
	if open, err := f.set.Drain(t.Context(), a); err != nil || open != 0 {
		t.Errorf("got %d, %v", open, err)
	}
}

// Events arrive when they are sent, and the app learns that the client has gone.
func TestEvents(t *testing.T) {
	next, gone := make(chan string), make(chan struct{})
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		for {
			select {
			case event := <-next:
				fmt.Fprintf(w, "data: %s\n\n", event)
				w.(http.Flusher).Flush()
			case <-r.Context().Done():
				close(gone)
				return
			}
		}
	})
	for name, accept := range map[string]string{"asked for": "text/event-stream", "not asked for": "*/*"} {
		t.Run(name, func(t *testing.T) {
			next, gone = make(chan string), make(chan struct{})
			f := start(t, Route{Upstreams: []string{a}})
			q := newRequest(t, "GET", "http://shop.localhost/", "")
			q.Header.Set("Accept", accept)
			response, err := f.client().Do(q)
			if err != nil {
				t.Fatal(err)
			}
			events := bufio.NewReader(response.Body)
			for i := range 3 {
				next <- fmt.Sprint(i)
				if line, err := events.ReadString('\n'); err != nil || line != fmt.Sprintf("data: %d\n", i) {
					t.Fatalf("got %q, %v", line, err)
				}
				events.ReadString('\n')
			}
			response.Body.Close()
			<-gone
		})
	}
}

// An app that falls silent in the middle of its answer is given up like one that says nothing at all. Streams that were asked
// for as events go on, and so does an upload that the app takes while it answers.
func TestSilenceEndsAnAnswer(t *testing.T) {
	const timeout = 1500 * time.Millisecond
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		io.WriteString(w, "first ")
		w.(http.Flusher).Flush()
		if r.Method == "POST" {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, "second")
			return
		}
		select {
		case <-time.After(4 * timeout): // the short way looks at the clock once a second
			io.WriteString(w, "second")
		case <-r.Context().Done():
		}
	})
	f := start(t, Route{Timeout: timeout, Upstreams: []string{a}})
	plain, long, events := newRequest(t, "GET", "http://shop.localhost/", ""), newRequest(t, "GET", "http://shop.localhost/", ""), newRequest(t, "GET", "http://shop.localhost/", "")
	events.Header.Set("Accept", "text/event-stream")
	upload := newRequest(t, "POST", "http://shop.localhost/", "")
	upload.Body, upload.ContentLength = &drips{left: 15, every: timeout / 10}, -1
	var all sync.WaitGroup
	for _, c := range []struct {
		what  string
		r     *http.Request
		whole bool
	}{{"short", plain, false}, {"long", longer(long), false}, {"events", events, true}, {"an upload", upload, true}} {
		all.Go(func() {
			response, err := f.client().Do(c.r)
			if err != nil {
				t.Errorf("%s: %s", c.what, err)
				return
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if c.whole && (string(body) != "first second" || err != nil) || !c.whole && (string(body) != "first " || err == nil) {
				t.Errorf("%s: got %q, %v", c.what, body, err)
			}
		})
	}
	all.Wait()
}

// drips is a body that takes its time.
type drips struct {
	left  int
	every time.Duration
}

// Read implements io.Reader.
func (d *drips) Read(b []byte) (int, error) {
	if d.left--; d.left < 0 {
		return 0, io.EOF
	}
	<-time.After(d.every)
	return copy(b, "drip"), nil
}

// Close implements io.Closer.
func (d *drips) Close() error { return nil }

// gRPC needs HTTP/2 on both sides, and trailers.
func TestGRPC(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, h := grpc.NewServer(), health.NewServer()
	healthpb.RegisterHealthServer(s, h)
	h.SetServingStatus("shop", healthpb.HealthCheckResponse_SERVING)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	f := start(t, Route{Upstreams: []string{l.Addr().String()}})
	conn, err := grpc.NewClient("passthrough:///"+f.addr, grpc.WithAuthority("shop.localhost"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := healthpb.NewHealthClient(conn)
	if answer, err := c.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "shop"}); err != nil || answer.Status != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("got %v, %v", answer, err)
	}
	if _, err := c.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "none"}); err == nil || !strings.Contains(err.Error(), "NotFound") {
		t.Errorf("the status in the trailer got lost: %v", err)
	}
	watch, err := c.Watch(t.Context(), &healthpb.HealthCheckRequest{Service: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []healthpb.HealthCheckResponse_ServingStatus{healthpb.HealthCheckResponse_SERVING, healthpb.HealthCheckResponse_NOT_SERVING} {
		if answer, err := watch.Recv(); err != nil || answer.Status != want {
			t.Fatalf("got %v, %v; want %v", answer, err, want)
		}
		h.SetServingStatus("shop", healthpb.HealthCheckResponse_NOT_SERVING)
	}
}

// A client of gRPC that waits, and has not ended its side of the stream, learns at once that the app has ended it or has gone.
func TestGRPCStreamsEnd(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "test.Chat", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{StreamName: "Talk", ServerStreams: true, ClientStreams: true,
		Handler: func(_ any, stream grpc.ServerStream) error {
			var q healthpb.HealthCheckRequest
			if err := stream.RecvMsg(&q); err != nil {
				return err
			}
			if err := stream.SendMsg(&q); err != nil || q.Service == "end" {
				return status.Error(codes.Aborted, "the end")
			}
			<-stream.Context().Done()
			return nil
		}}}}, nil)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	f := start(t, Route{Upstreams: []string{l.Addr().String()}})
	conn, err := grpc.NewClient("passthrough:///"+f.addr, grpc.WithAuthority("shop.localhost"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, what := range []string{"end", "stay"} {
		ctx, cancel := context.WithTimeout(t.Context(), sendTimeout/2)
		defer cancel()
		talk, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/test.Chat/Talk")
		if err != nil {
			t.Fatal(err)
		}
		q := &healthpb.HealthCheckRequest{Service: what}
		if err := talk.SendMsg(q); err != nil {
			t.Fatal(err)
		}
		if err := talk.RecvMsg(q); err != nil {
			t.Fatal(err)
		}
		want := codes.Aborted
		if what == "stay" {
			want = codes.Internal
			s.Stop()
		}
		if err := talk.RecvMsg(q); status.Code(err) != want {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// A stream of gRPC may carry more than body_limit in all: that bounds each of its messages.
func TestGRPCMessagesAreBounded(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "test.Chat", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{StreamName: "Tell", ClientStreams: true,
		Handler: func(_ any, stream grpc.ServerStream) error {
			var q healthpb.HealthCheckRequest
			for n := 0; ; n++ {
				err := stream.RecvMsg(&q)
				if err == io.EOF {
					return stream.SendMsg(&healthpb.HealthCheckRequest{Service: fmt.Sprint(n)})
				}
				if err != nil {
					return err
				}
			}
		}}}}, nil)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	const limit = 1000
	f := start(t, Route{BodyLimit: limit, Upstreams: []string{l.Addr().String()}})
	conn, err := grpc.NewClient("passthrough:///"+f.addr, grpc.WithAuthority("shop.localhost"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// tell sends messages of these sizes and returns how many the app says that it has got.
	tell := func(sizes ...int) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, "/test.Chat/Tell")
		if err != nil {
			return "", err
		}
		for _, size := range sizes {
			if err := stream.SendMsg(&healthpb.HealthCheckRequest{Service: strings.Repeat("x", size-3)}); err != nil { // a tag and two bytes of length go before it
				break // RecvMsg says why
			}
		}
		_ = stream.CloseSend()
		var answer healthpb.HealthCheckRequest
		err = stream.RecvMsg(&answer)
		return answer.Service, err
	}
	if got, err := tell(slices.Repeat([]int{limit, 200, 999}, 100)...); err != nil || got != "300" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := tell(200, 200, limit+1, 200); err == nil || !strings.Contains(err.Error(), "413") {
		t.Errorf("a message that is too large: got %v", err)
	}
}

// HTTP/2 without TLS reaches apps that speak HTTP/1.1.
func TestHTTP2(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto, " ", r.URL.Path) })
	f := start(t, Route{Upstreams: []string{a}})
	response, err := f.http2().Do(newRequest(t, "GET", "http://shop.localhost/x", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); response.ProtoMajor != 2 || string(body) != "HTTP/1.1 /x" {
		t.Errorf("got %s %q", response.Proto, body)
	}
}

// An app may answer before it has read the whole body, and the client may go on sending.
func TestAnswersBeforeTheBodyHasEnded(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex() // else its own net/http reads on before it answers
		http.Error(w, "no", http.StatusUnauthorized)
	})
	f := start(t, Route{Upstreams: []string{a}})
	for _, major := range []int{1, 2} {
		c := f.client()
		if major == 2 {
			c = f.http2()
		}
		for range 10 {
			body, more := io.Pipe()
			q := newRequest(t, "POST", "http://shop.localhost/", "")
			q.Body, q.ContentLength = body, -1
			go more.Write([]byte("some, and nothing more"))
			if status, text, _ := get(t, c, q); status != 401 || text != "no\n" {
				t.Errorf("HTTP/%d: got %d %q", major, status, text)
			}
			more.Close()
		}
		if status, _, _ := get(t, c, newRequest(t, "GET", "http://shop.localhost/", "")); status != 401 {
			t.Errorf("HTTP/%d: got %d", major, status)
		}
	}
}

// A client that waits to be told to go on gets the app's refusal at once, and nothing that it sends then is a request.
func TestRefusalBeforeTheBodyIsSent(t *testing.T) {
	asked := make(chan string, 10)
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		http.Error(w, "no", http.StatusUnauthorized)
	})
	f := start(t, Route{Upstreams: []string{a}})
	for _, length := range []int{1_000_000, 1000} { // net/http would read on through the one and not the other
		conn, err := net.Dial("tcp4", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Minute))
		fmt.Fprintf(conn, "POST /first HTTP/1.1\r\nHost: shop.localhost\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", length)
		answers := bufio.NewReader(conn)
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		if io.Copy(io.Discard, response.Body); response.StatusCode != 401 || !response.Close {
			t.Errorf("got %v", response)
		}
		fmt.Fprintf(conn, "%[1]sGET /second HTTP/1.1\r\nHost: shop.localhost\r\n\r\n", strings.Repeat("x", length))
		if more, _ := io.ReadAll(answers); len(more) != 0 {
			t.Errorf("got %q", more)
		}
	}
	close(asked)
	for path := range asked {
		if path != "/first" {
			t.Errorf("%s was asked for", path)
		}
	}
}

// What an app does not read while it answers waits for it.
func TestAnswersWhileTheBodyComes(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		w.(http.Flusher).Flush()
		for lines := bufio.NewReader(r.Body); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			io.WriteString(w, line)
			w.(http.Flusher).Flush()
		}
	})
	f := start(t, Route{Upstreams: []string{a}})
	conn, err := net.Dial("tcp4", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(response.Body)
	for i := range 10 {
		fmt.Fprintf(conn, "6\r\nline%d\n\r\n", i)
		if line, err := answers.ReadString('\n'); err != nil || line != fmt.Sprintf("line%d\n", i) {
			t.Fatalf("got %q, %v", line, err)
		}
	}
	io.WriteString(conn, "0\r\n\r\n")
	if rest, err := io.ReadAll(answers); err != nil || len(rest) != 0 {
		t.Errorf("got %q, %v", rest, err)
	}
}

// Requests that may be repeated are, on another upstream; others only when they were not sent.
func TestRetries(t *testing.T) {
	var broken atomic.Int64
	closing, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing.Close() })
	go func() {
		for {
			conn, err := closing.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					broken.Add(1)
				}
			}()
		}
	}()
	refusing, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing.Close()
	good := app(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	ways(t, func(t *testing.T, way func(*http.Request) *http.Request) {
		f := start(t, Route{Upstreams: []string{refusing.Addr().String(), good}}, Route{Path: "/breaking", Upstreams: []string{closing.Addr().String(), good}})
		c := f.client()
		for range 20 {
			if status, body, _ := get(t, c, way(newRequest(t, "POST", "http://shop.localhost/", "body"))); status != 200 || body != "body" {
				t.Errorf("a request that was never sent was given up: %d %q", status, body)
			}
			if status, _, _ := get(t, c, way(newRequest(t, "GET", "http://shop.localhost/breaking", ""))); status != 200 {
				t.Errorf("a request that may be repeated was not: %d", status)
			}
		}
		stats := map[string]Stats{}
		eventually(t, func() bool { // a request counts after its answer
			for _, s := range f.Stats() {
				stats[s.Path] = s
			}
			return stats["/breaking"].Requests == 20
		})
		if s := stats["/breaking"]; s.Retries == 0 || s.Ejected == 0 || s.Resting != 1 || s.Requests != 20 || s.Classes["2xx"] != 20 {
			t.Errorf("got %+v", s)
		}

		f.routes(t, Route{Path: "/once", Upstreams: []string{closing.Addr().String()}})
		before := broken.Load()
		if status, _, _ := get(t, c, way(newRequest(t, "POST", "http://shop.localhost/once", "body"))); status != 502 || broken.Load() != before+1 {
			t.Errorf("got %d, and it was sent %d times", status, broken.Load()-before)
		}
		none := 0
		f.routes(t, Route{Name: "none", Path: "/none", Retries: &none, Upstreams: []string{closing.Addr().String(), closing.Addr().String()}})
		before = broken.Load()
		if status, _, _ := get(t, c, way(newRequest(t, "GET", "http://shop.localhost/none", ""))); status != 502 || broken.Load() != before+1 {
			t.Errorf("got %d, and it was sent %d times", status, broken.Load()-before)
		}
	})
}

// A client that asks once for each connection that the upstream has closed meanwhile gets its answer.
func TestKeptConnectionsMayBeDead(t *testing.T) {
	var s *http.Server
	serve := func(address string) string {
		l, err := net.Listen("tcp4", address)
		if err != nil {
			t.Fatal(err)
		}
		s = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })}
		go s.Serve(l)
		return l.Addr().String()
	}
	a := serve("127.0.0.1:0")
	t.Cleanup(func() { s.Close() })
	f := start(t, Route{Upstreams: []string{a}})
	c := f.client()
	for range 20 {
		for _, method := range []string{"GET", "POST", "PUT"} {
			if status, body, _ := get(t, c, newRequest(t, method, "http://shop.localhost/", "body")); status != 200 || body != "body" {
				t.Fatalf("%s: got %d %q", method, status, body)
			}
			s.Close()
			serve(a)
		}
	}
}

// What is kept to an upstream is closed when it leaves the table, and does not count as in flight.
func TestIdleConnectionsGoWithTheUpstream(t *testing.T) {
	ways(t, func(t *testing.T, way func(*http.Request) *http.Request) {
		var open atomic.Int64
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed:
				open.Add(-1)
			}
		}}
		go s.Serve(l)
		t.Cleanup(func() { s.Close() })
		f := start(t, Route{Upstreams: []string{l.Addr().String()}})
		get(t, f.client(), way(newRequest(t, "GET", "http://shop.localhost/", "")))
		if open.Load() != 1 {
			t.Fatalf("%d connections are kept", open.Load())
		}
		f.routes(t, Route{})
		if left, err := f.set.Drain(t.Context(), l.Addr().String()); err != nil || left != 0 {
			t.Errorf("got %d, %v", left, err)
		}
		eventually(t, func() bool { return open.Load() == 0 })
	})
}

// A client that has gone is noticed while its answer is awaited.
func TestClientsThatGoAreNoticed(t *testing.T) {
	ways(t, func(t *testing.T, way func(*http.Request) *http.Request) {
		begun, ended := make(chan struct{}), make(chan struct{})
		a := app(t, func(_ http.ResponseWriter, r *http.Request) { close(begun); <-r.Context().Done(); close(ended) })
		f := start(t, Route{Upstreams: []string{a}})
		conn, err := net.Dial("tcp4", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		way(newRequest(t, "GET", "http://shop.localhost/", "")).Write(conn)
		<-begun
		conn.Close()
		<-ended
		eventually(t, func() bool { return f.Stats()[0].Classes["gone"] == 1 })
	})
}

func TestAccessLog(t *testing.T) {
	dir := t.TempDir()
	a := app(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	f := start(t, Route{Name: `shop/app."shop"`, Upstreams: []string{a}})
	f.Log(dir)
	get(t, f.client(), newRequest(t, "GET", "http://shop.localhost/a%22b?token=secret", ""))
	get(t, f.client(), longer(newRequest(t, "GET", "http://shop.localhost/a%22b?token=secret", "")))
	get(t, f.client(), newRequest(t, "GET", "http://other.localhost/", ""))
	written := f.log.Load()
	eventually(t, func() bool { // a line is added after its answer
		written.mu.Lock()
		defer written.mu.Unlock()
		written.flush()
		text, _ := os.ReadFile(filepath.Join(dir, logName))
		return strings.Count(string(text), "\n") == 3
	})
	f.Log("")
	text, err := os.ReadFile(filepath.Join(dir, logName))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	slices.SortFunc(lines, func(a, b string) int { // each client has a connection of its own, and they end in any order
		return strings.Index(a, `"status":404`) - strings.Index(b, `"status":404`)
	})
	if len(lines) != 3 || strings.Contains(string(text), "secret") {
		t.Fatalf("got %s", text)
	}
	for i, want := range []string{`200 shop/app."shop" /a%22b 5 ` + a, `200 shop/app."shop" /a%22b 5 ` + a, "404  /  "} {
		var e struct {
			Time                        time.Time
			Route, Client, Method, Host string
			Path, Upstream              string
			Status, Bytes               int
			MS                          float64
		}
		if err := json.Unmarshal([]byte(lines[i]), &e); err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%d %s %s %d %s", e.Status, e.Route, e.Path, e.Bytes, e.Upstream)
		if i == 2 {
			got = fmt.Sprintf("%d %s %s  ", e.Status, e.Route, e.Path)
		}
		if got != want || e.Client != "127.0.0.1" || e.Method != "GET" || e.Time.IsZero() {
			t.Errorf("got %s, want %s", lines[i], want)
		}
	}
}

// Whoever looks for the cause of a bad answer finds it in the log.
func TestAccessLogTellsWhy(t *testing.T) {
	dir := t.TempDir()
	broken := raw(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
	f := start(t, Route{Upstreams: []string{raw(t, "garbage\r\n\r\n")}}, Route{Path: "/broken", Upstreams: []string{broken}},
		Route{Path: "/none", Wait: time.Millisecond})
	f.Log(dir)
	for _, path := range []string{"/", "/broken", "/none"} {
		for _, q := range []*http.Request{newRequest(t, "GET", "http://shop.localhost"+path, ""), longer(newRequest(t, "GET", "http://shop.localhost"+path, ""))} {
			if response, err := f.client().Do(q); err == nil {
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		}
	}
	written := f.log.Load()
	var text []byte
	eventually(t, func() bool { // a line is added after its answer
		written.mu.Lock()
		defer written.mu.Unlock()
		written.flush()
		text, _ = os.ReadFile(filepath.Join(dir, logName))
		return strings.Count(string(text), "\n") == 6
	})
	for line := range strings.Lines(string(text)) {
		var e struct{ Path, Error string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Error == "" || e.Path == "/" && !strings.Contains(e.Error, "HTTP") || e.Path == "/none" && e.Error != "The app is not ready." {
			t.Errorf("got %s", line)
		}
	}
}

// What somebody moves away or removes, as logrotate does, is begun anew.
func TestAccessLogMovedAway(t *testing.T) {
	dir := t.TempDir()
	l := &accessLog{path: filepath.Join(dir, logName), stopped: make(chan struct{})}
	for i, away := range []func() error{
		func() error { return os.Rename(l.path, l.path+".old") },
		func() error { return os.Remove(l.path) },
		func() error { return os.RemoveAll(dir) },
	} {
		l.add(&entry{route: fmt.Sprint("before ", i)})
		l.flush()
		if err := away(); err != nil {
			t.Fatal(err)
		}
		l.add(&entry{route: fmt.Sprint("after ", i)})
		l.flush()
		if text, err := os.ReadFile(l.path); err != nil || !strings.Contains(string(text), fmt.Sprint("after ", i)) || strings.Contains(string(text), "before 0") {
			t.Errorf("got %q, %v", text, err)
		}
	}
	l.close()
}

// What cannot be written is counted and told, until something is written again; a request that ends after the log is in it.
func TestAccessLogTellsWhatIsLost(t *testing.T) {
	dir := t.TempDir()
	l := &accessLog{path: filepath.Join(dir, logName), stopped: make(chan struct{})}
	if err := os.Mkdir(l.path, 0o700); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		l.add(&entry{})
		l.flush()
	}
	if got := l.problem(); !strings.HasPrefix(got, "3 lines of the access log are lost: ") {
		t.Errorf("got %q", got)
	}
	if err := os.Remove(l.path); err != nil {
		t.Fatal(err)
	}
	l.add(&entry{})
	l.close()
	if got := l.problem(); got != "" {
		t.Errorf("got %q", got)
	}
	l.add(&entry{})
	if text, err := os.ReadFile(l.path); err != nil || strings.Count(string(text), "\n") != 2 {
		t.Errorf("got %q, %v", text, err)
	}
}

// Of a line that found no room the begin is not left either.
func TestAccessLogIsNotTorn(t *testing.T) {
	l := &accessLog{path: filepath.Join(t.TempDir(), logName), stopped: make(chan struct{})}
	l.add(&entry{route: "one"})
	l.flush()
	if _, err := l.file.WriteString("{}\n{\"time"); err != nil { // as a full disk leaves it
		t.Fatal(err)
	}
	if err := l.cut(9, 3); err != nil {
		t.Fatal(err)
	}
	l.size += 3
	l.add(&entry{route: "two"})
	l.close()
	text, err := os.ReadFile(l.path)
	if err != nil || strings.Count(string(text), "\n") != 3 {
		t.Errorf("got %q, %v", text, err)
	}
	for line := range strings.Lines(string(text)) {
		if !json.Valid([]byte(line)) {
			t.Errorf("torn: %s", line)
		}
	}
}

func TestAccessLogRotates(t *testing.T) {
	dir := t.TempDir()
	l := &accessLog{path: filepath.Join(dir, logName), stopped: make(chan struct{})}
	for i := range logFiles + 3 {
		l.buffer = []byte(fmt.Sprint(i, "\n"))
		l.flush()
		l.size = logSize
	}
	l.close()
	for i, want := range []string{"6\n", "5\n", "4\n", "3\n", "2\n"} {
		name := logName
		if i > 0 {
			name = fmt.Sprintf("%s.%d", logName, i)
		}
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != want {
			t.Errorf("%s: got %q, %v", name, text, err)
		}
	}
	if names, _ := os.ReadDir(dir); len(names) != logFiles+1 {
		t.Errorf("there are %d files", len(names))
	}
}
