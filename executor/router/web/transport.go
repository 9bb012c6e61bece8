package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/router/upstream"
)

// transport chooses the upstream of a request on the long way.
type transport struct{ *Server }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	j := jobOf(r)
	w := walk{transport: t, job: j, retries: j.rule.retries}
	body := &unsent{ReadCloser: r.Body}
	if r.Body != nil {
		r.Body = body
		if r.ProtoMajor == 2 { // over HTTP/1.1 it would wait for the client
			body.end = j.body.Close
		}
	}
	for {
		u, err := w.next(r)
		if err != nil {
			return nil, err
		}
		j.to = u.Address
		response, err := w.send(u, r, body)
		if err == nil {
			return response, nil
		}
		u.Release()
		if r.Context().Err() != nil {
			return nil, err
		}
		if !w.again(u, r, body, err) {
			return nil, err
		}
	}
}

// walk is the way of one request from upstream to upstream.
type walk struct {
	*transport
	*job
	retries int
	tried   []*upstream.Upstream
}

// next returns the next upstream, acquired, and waits while there is none.
func (w *walk) next(r *http.Request) (*upstream.Upstream, error) {
	if u := w.pick(r); u != nil {
		return u, nil
	}
	w.rule.figures.waiting.Add(1)
	defer w.rule.figures.waiting.Add(-1)
	end := time.NewTimer(w.rule.Wait - time.Since(w.begin))
	defer end.Stop()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		w.tried = w.tried[:0]
		retry := time.NewTimer(pause)
		select {
		case <-end.C:
			retry.Stop()
			return nil, refusal{http.StatusServiceUnavailable, "The app is not ready."}
		case <-r.Context().Done():
			retry.Stop()
			return nil, r.Context().Err()
		case <-w.job.table.replaced:
			w.job.table = w.transport.table.Load()
			rule := w.job.table.find([]byte(r.Host), []byte(w.path))
			if rule == nil {
				retry.Stop()
				return nil, refusal{http.StatusServiceUnavailable, "The app is gone."}
			}
			w.rule = rule
		case <-retry.C:
		}
		retry.Stop()
		if u := w.pick(r); u != nil {
			return u, nil
		}
	}
}

func (w *walk) pick(r *http.Request) *upstream.Upstream {
	key := w.rule.key(w.ip, func(name string) []byte { return []byte(r.Header.Get(name)) }, func(name string) []byte {
		if c, err := r.Cookie(name); err == nil {
			return []byte(c.Value)
		}
		return nil
	})
	for {
		u := w.rule.balance.Pick(w.rule.Balance, w.rule.upstreams, key, w.begin, w.tried)
		if u == nil || u.Acquire() {
			return u
		}
		w.tried = append(w.tried, u)
	}
}

// send sends the request to u. With an answer u is released when its body is closed.
func (w *walk) send(u *upstream.Upstream, r *http.Request, body *unsent) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	quiet := newSilence(w.rule.Timeout, func() { cancel(context.DeadlineExceeded) })
	body.progress(quiet.broken) // as long as it takes some of a long body it is not silent
	out := r.WithContext(ctx)
	out.URL = cloneURL(r.URL)
	out.URL.Host = u.Address
	grpc := isGRPC(r)
	quiet.begin()
	response, err := u.Transport(grpc).RoundTrip(out)
	quiet.end()
	if err != nil {
		body.progress(nil)
		cause := context.Cause(ctx)
		cancel(nil)
		if errors.Is(cause, context.DeadlineExceeded) {
			return nil, cause
		}
		return nil, err
	}
	u.Succeeded()
	if w.rule.Balance == upstream.Sticky {
		if c, err := r.Cookie(w.rule.cookie); err != nil || upstream.ParseToken(c.Value) != u.ID {
			response.Header.Add("Set-Cookie", w.rule.stay(u))
		}
	}
	done := sync.OnceFunc(func() { cancel(nil); u.Release() })
	if both, ok := response.Body.(io.ReadWriteCloser); ok { // an upgrade
		response.Body = &heldBoth{both, done}
	} else if grpc || strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		response.Body = &held{response.Body, done}
	} else {
		response.Body = &held{&heard{response.Body, quiet}, done}
	}
	return response, nil
}

// again reports whether the request may be sent to another upstream after err.
func (w *walk) again(u *upstream.Upstream, r *http.Request, body *unsent, err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		w.note(u)
		return false
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || w.body.failure() != nil {
		return false // the client's fault
	}
	w.note(u)
	w.tried = append(w.tried, u)
	if notSent(err) && !body.begun() {
		return true // next waits once all were tried
	}
	if !idempotent([]byte(r.Method)) || body.ReadCloser != nil && body.ReadCloser != http.NoBody || w.retries == 0 || !w.rule.budget.spend() {
		return false
	}
	w.retries--
	w.rule.figures.retries.Add(1)
	return true
}

func (w *walk) note(u *upstream.Upstream) {
	if u.Failed(time.Now()) {
		w.rule.figures.ejected.Add(1)
	}
}

// isGRPC reports whether r is a call of gRPC, which may be a stream in both directions.
func isGRPC(r *http.Request) bool {
	return r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")
}

// notSent reports whether err came from connecting.
func notSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func cloneURL(u *url.URL) *url.URL {
	c := *u
	return &c
}

// stripURL takes the route's path off u.
func (r *rule) stripURL(u *url.URL) {
	prefix := strings.TrimSuffix(r.Path, "/")
	u.Path = strings.TrimPrefix(u.Path, prefix)
	u.RawPath = strings.TrimPrefix(u.RawPath, prefix)
	if !strings.HasPrefix(u.Path, "/") {
		u.Path, u.RawPath = "/"+u.Path, ""
	}
}

// unsent is the body of a request. A transport closes it after a failure, which another upstream must not notice as long
// as nothing was read. Once something was, closing ends a Read that waits for the client: a transport of HTTP/2 waits for that Read
// before it passes on that the upstream has ended the stream or has gone.
type unsent struct {
	io.ReadCloser
	end func() error // closes the body for good; nil when that is not to be done

	mu    sync.Mutex
	read  bool
	moved func() // called before each read; nil for nothing
}

// Read implements io.Reader.
func (b *unsent) Read(p []byte) (int, error) {
	b.mu.Lock()
	b.read = true
	if b.moved != nil {
		b.moved()
	}
	b.mu.Unlock()
	return b.ReadCloser.Read(p)
}

// Close implements io.Closer: net/http closes the client's body by itself.
func (b *unsent) Close() error {
	if b.end != nil && b.begun() {
		return b.end()
	}
	return nil
}

func (b *unsent) progress(moved func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moved = moved
}

func (b *unsent) begun() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.read
}

// held is the body of an answer; its upstream is released when it is closed.
type held struct {
	io.ReadCloser
	done func()
}

// Close implements io.Closer.
func (h *held) Close() error {
	defer h.done()
	return h.ReadCloser.Close()
}

// heldBoth is the same for a connection that has changed its protocol.
type heldBoth struct {
	io.ReadWriteCloser
	done func()
}

// Close implements io.Closer.
func (h *heldBoth) Close() error {
	defer h.done()
	return h.ReadWriteCloser.Close()
}
