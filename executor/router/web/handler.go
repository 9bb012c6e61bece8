package web

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"time"
)

// handler is the long way: what net/http has understood goes through a httputil.ReverseProxy.
type handler struct {
	*Server
	proxy *httputil.ReverseProxy
}

func newHandler(s *Server) http.Handler {
	h := &handler{Server: s}
	h.proxy = &httputil.ReverseProxy{ // it passes on at once what has no known length, and events
		Rewrite:      rewrite,
		Transport:    &transport{s},
		BufferPool:   &buffers{},
		ErrorLog:     log.New(io.Discard, "", 0),
		ErrorHandler: failed,
	}
	return h
}

// job is a request on its way.
type job struct {
	rule   *rule
	table  *table
	ip     string
	path   string // as the client wrote it
	secure bool
	begin  time.Time
	to     string
	body   *patient // nil without one
	why    string   // the client has no answer of the app, or only a part; "" if it has
}

type jobKey struct{}

func jobOf(r *http.Request) *job { return r.Context().Value(jobKey{}).(*job) }

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.challenge != nil && strings.HasPrefix(r.URL.Path, challengePath) && h.challenge(w, r) {
		return
	}
	j := &job{table: h.table.Load(), begin: time.Now(), path: cmp.Or(r.URL.EscapedPath(), "/")}
	conn, _ := r.Context().Value(connKey{}).(*replay)
	j.secure = conn == nil || conn.secure
	j.ip, _, _ = net.SplitHostPort(r.RemoteAddr)
	j.rule = j.table.find([]byte(r.Host), []byte(j.path))
	out := &answerWriter{ResponseWriter: w}
	if h.ending.Load() || unclear(r, conn) {
		w.Header().Set("Connection", "close") // over HTTP/2 it says the same
	}
	h.serve(out, r, j)
	h.record(out, r, j)
}

// unclear reports whether the head of a request may have had a Content-Length beside a Transfer-Encoding. One where that is certain
// does not get here.
func unclear(r *http.Request, conn *replay) bool {
	return r.ProtoMajor == 1 && conn != nil && conn.framing.lost.Load() && (len(r.TransferEncoding) > 0 || r.ProtoMinor == 0)
}

func (h *handler) serve(w *answerWriter, r *http.Request, j *job) {
	switch {
	case j.rule == nil:
		j.refuse(w, http.StatusNotFound, "No route leads from here.")
		return
	case j.rule.secure && !j.secure:
		w.Header().Set("Location", "https://"+string(hostName(nil, []byte(r.Host)))+h.securePort()+r.URL.RequestURI())
		page(w, http.StatusPermanentRedirect, "Over TLS only.")
		return
	case r.ContentLength > j.rule.BodyLimit:
		w.Header().Set("Connection", "close")
		j.refuse(w, http.StatusRequestEntityTooLarge, "The request is too large.")
		return
	}
	f := &j.rule.figures
	defer f.inFlight.Add(-1)
	if n := f.inFlight.Add(1); j.rule.Limit > 0 && n > int64(j.rule.Limit) {
		j.refuse(w, http.StatusServiceUnavailable, "Too many requests are under way.")
		return
	}
	j.rule.budget.earn()
	out := r.WithContext(context.WithValue(r.Context(), jobKey{}, j)) // a copy: net/http looks at the body that it gave to know how its connection goes on
	if r.Body != nil && r.Body != http.NoBody {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex() // else net/http takes what is left of the body from an app that answers before it has read all
		j.body = &patient{ReadCloser: http.MaxBytesReader(w, r.Body, j.rule.BodyLimit), control: control}
		if isGRPC(r) { // a stream may go on for ever, and either side of it may be silent
			j.body.ReadCloser, j.body.control = &messages{ReadCloser: r.Body, most: j.rule.BodyLimit}, nil
		}
		defer j.body.release()
		if out.Body = j.body; r.ProtoMajor == 1 {
			w.body = j.body
		}
	}
	defer func() {
		// The proxy panics with it when an answer breaks off, so that the client's connection does too.
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		} else if p != nil {
			j.why = "the answer broke off"
			h.record(w, r, j)
			panic(p)
		}
	}()
	h.proxy.ServeHTTP(w, out)
}

func (h *handler) record(w *answerWriter, r *http.Request, j *job) {
	took := time.Since(j.begin)
	status := cmp.Or(w.status, http.StatusOK)
	name := ""
	if j.rule != nil {
		j.rule.figures.count(status, took)
		name = j.rule.Name
	}
	if log := h.log.Load(); log != nil {
		log.add(&entry{begin: j.begin, took: took, route: name, client: j.ip, method: []byte(r.Method), host: []byte(r.Host),
			path: []byte(j.path), status: status, bytes: w.bytes, upstream: j.to, secure: j.secure, why: j.why})
	}
}

// rewrite makes the request that the upstream gets. Fields that say where it came from are taken out before.
func rewrite(p *httputil.ProxyRequest) {
	j := jobOf(p.In)
	p.Out.URL.Scheme = "http"
	p.Out.URL.RawQuery = p.In.URL.RawQuery // the proxy takes out what package url cannot read; apps may
	for name := range p.Out.Header {
		if ours([]byte(name)) {
			delete(p.Out.Header, name)
		}
	}
	proto := "http"
	if j.secure {
		proto = "https"
	}
	p.Out.Header.Set("X-Forwarded-For", j.ip)
	p.Out.Header.Set("X-Real-Ip", j.ip)
	p.Out.Header.Set("X-Forwarded-Host", p.In.Host)
	p.Out.Header.Set("X-Forwarded-Proto", proto)
	p.Out.Header.Set("Forwarded", string(appendForwarded(nil, j.ip, []byte(p.In.Host), proto)))
	if j.rule.Strip {
		j.rule.stripURL(p.Out.URL)
	}
}

// failed answers a request that no upstream could.
func failed(w http.ResponseWriter, r *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	var status refusal
	j := jobOf(r)
	unsent := j.body.failure()
	switch {
	case errors.As(err, &tooLarge):
		j.refuse(w, http.StatusRequestEntityTooLarge, "The request is too large.")
	case errors.As(err, &status):
		j.refuse(w, status.status, status.text)
	case isTimeout(unsent):
		j.refuse(w, http.StatusRequestTimeout, "The request came too slowly.")
	case r.Context().Err() != nil:
		w.WriteHeader(statusGone) // nobody is left to read it; the log is
	case unsent != nil:
		j.refuse(w, http.StatusBadRequest, "The body of the request cannot be read.")
	case isTimeout(err), errors.Is(err, context.DeadlineExceeded):
		j.refuse(w, http.StatusGatewayTimeout, "The app took too long to answer.")
	default:
		j.refuse(w, http.StatusBadGateway, "The app did not answer properly.")
		j.why = err.Error()
	}
}

// refuse answers in place of an upstream, and notes that.
func (j *job) refuse(w http.ResponseWriter, status int, text string) {
	j.why = text
	page(w, status, text)
}

func page(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	io.WriteString(w, pageText(status, text))
}

// refusal is why a request was not forwarded.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

// answerWriter notes what became of a request.
type answerWriter struct {
	http.ResponseWriter
	body   *patient // over HTTP/1.1, if there is one
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (w *answerWriter) WriteHeader(status int) {
	if status >= 200 {
		w.status = status
		if w.body != nil && !w.body.ended() {
			w.Header().Set("Connection", "close") // nobody may read the rest, and nothing else can follow it
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *answerWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Hijack implements http.Hijacker, for connections that change their protocol.
func (w *answerWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.status = http.StatusSwitchingProtocols
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// patient is the body of a request, each part of which has to come in time. Transports may read it for longer than the request
// lasts. It is safe for concurrent use.
type patient struct {
	io.ReadCloser

	mu      sync.Mutex
	control *http.ResponseController // nil without deadlines, and when the request is over: net/http does not bear being asked then
	err     error                    // of the last Read that had one
	closed  bool                     // by us
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	p.mu.Lock()
	p.until(time.Now().Add(sendTimeout))
	p.mu.Unlock()
	n, err := p.ReadCloser.Read(b)
	if err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.closed {
			p.err = err
		}
		if err == io.EOF {
			p.until(time.Time{})
		}
	}
	return n, err
}

// Close implements io.Closer.
func (p *patient) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	return p.ReadCloser.Close()
}

// until is called with mu held.
func (p *patient) until(deadline time.Time) {
	if p.control != nil {
		_ = p.control.SetReadDeadline(deadline) // a connection that cannot needs none
	}
}

// release is called before the request is over. Of a body that has not ended net/http may read some more, which has to come
// in time too.
func (p *patient) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.until(time.Now().Add(headTimeout))
	}
	p.control = nil
}

// ended reports whether all of it has come.
func (p *patient) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err == io.EOF
}

// failure is why the client cannot send it whole, nil for another reason or none. It may be called on a nil one.
func (p *patient) failure() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var tooLarge *http.MaxBytesError
	if p.err == io.EOF || errors.As(p.err, &tooLarge) {
		return nil
	}
	return p.err
}

// buffers lends the proxy the memory through which it copies.
type buffers struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, 32<<10)
}

// Put implements httputil.BufferPool.
func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
