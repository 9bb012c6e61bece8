package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nsynapse/recipe/executor/router/upstream"
)

const (
	acceptPause   = 20 * time.Millisecond // after a failed accept: the process has too many open files
	shakeTimeout  = 10 * time.Second      // for the handshake of TLS
	sweepInterval = 10 * time.Second      // between two looks for connections that are kept for too long
)

// Certify returns the certificate for a handshake for host, in lower case, which has a route with this TLS: LocalCA or
// ACME. It is called by several goroutines.
type Certify func(hello *tls.ClientHelloInfo, host, tls string) (*tls.Certificate, error)

// Challenge answers a request by which an ACME server makes sure that a name leads here, and reports whether it was one. It
// is asked about requests without TLS below challengePath.
type Challenge func(http.ResponseWriter, *http.Request) bool

const challengePath = "/.well-known/acme-challenge/"

// Server forwards requests by its table. Make it with New. Its methods are safe for concurrent use.
type Server struct {
	upstreams *upstream.Set
	table     atomic.Pointer[table]
	log       atomic.Pointer[accessLog]
	tls       *tls.Config
	secured   atomic.Int64 // the port of TLS, as clients know it
	challenge Challenge
	long      *long
	ending    atomic.Bool
	stopped   chan struct{}

	swap sync.Mutex
	open atomic.Int64
}

// New returns a server without routes, whose upstreams are in set. Certify may be nil: then Serve must not be asked for TLS.
// A nil challenge answers none.
func New(set *upstream.Set, certify Certify, challenge Challenge) *Server {
	s := &Server{upstreams: set, challenge: challenge, stopped: make(chan struct{})}
	s.table.Store(newTable(nil, nil, set))
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1", "acme-tls/1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			host := string(hostName(nil, []byte(hello.ServerName)))
			kind := s.table.Load().secured(host)
			if kind == "" {
				return nil, nil // the alert says that the name is not known
			}
			return certify(hello, host, kind)
		}}
	s.long = newLong(s)
	go s.sweep()
	return s
}

// Set makes these the routes; Check must have passed them. The caller lets the set of upstreams forget the others.
func (s *Server) Set(routes []Route) {
	s.swap.Lock()
	defer s.swap.Unlock()
	old := s.table.Load()
	s.table.Store(newTable(routes, old, s.upstreams))
	close(old.replaced)
}

// Log has requests written to a log in dir; "" for none.
func (s *Server) Log(dir string) {
	var next *accessLog
	if dir != "" {
		next = openLog(dir)
	}
	s.log.Swap(next).close()
}

// LogProblem says that requests are missing in the log at present, and why; "" if all is well.
func (s *Server) LogProblem() string { return s.log.Load().problem() }

// SecurePort says at which port TLS is answered, for redirections.
func (s *Server) SecurePort(port int) { s.secured.Store(int64(port)) }

func (s *Server) securePort() string {
	if port := s.secured.Load(); port != 443 && port != 0 {
		return ":" + strconv.FormatInt(port, 10)
	}
	return ""
}

// Serve answers what l accepts, with TLS or without, until l is closed.
func (s *Server) Serve(l net.Listener, secure bool) {
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			s.open.Add(1)
			go func() {
				defer s.open.Add(-1)
				if secure {
					s.shake(conn)
				} else {
					s.serve(conn, false)
				}
			}()
		case errors.Is(err, net.ErrClosed):
			return
		default:
			time.Sleep(acceptPause)
		}
	}
}

// shake does the handshake of TLS.
func (s *Server) shake(conn net.Conn) {
	secured := tls.Server(conn, s.tls)
	ctx, cancel := context.WithTimeout(context.Background(), shakeTimeout)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		if plain := (tls.RecordHeaderError{}); errors.As(err, &plain) && plain.Conn != nil && looksLikeHTTP(plain.RecordHeader) {
			io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"+pageText(400, "This port speaks TLS: https, and not http."))
		}
		conn.Close()
		return
	}
	switch secured.ConnectionState().NegotiatedProtocol {
	case "acme-tls/1":
		conn.Close() // the handshake was the answer
	case "h2":
		s.long.take(secured)
	default:
		s.serve(secured, true)
	}
}

// looksLikeHTTP reports whether a request without TLS begins so.
func looksLikeHTTP(begin [5]byte) bool {
	method, _, _ := bytes.Cut(begin[:], []byte{' '})
	return len(method) > 2 && only(method, &token)
}

func (s *Server) serve(conn net.Conn, secure bool) {
	c := &client{Server: s, conn: conn, secure: secure, in: make([]byte, firstBuffer)}
	c.tcp, _ = conn.(*net.TCPConn)
	c.ip, _, _ = net.SplitHostPort(conn.RemoteAddr().String())
	c.serve()
}

// Open is how many connections of clients are open, but for those that have changed their protocol: each of these counts
// as in flight to its upstream.
func (s *Server) Open() int { return int(s.open.Load() + s.long.open.Load()) }

// End lets every connection end after its next answer; listeners are the caller's to close.
func (s *Server) End() {
	s.ending.Store(true) // net/http could close idle connections too, under the requests that are on their way
}

// Close ends everything at once.
func (s *Server) Close() {
	s.End()
	close(s.stopped)
	s.long.web.Close()
	s.Log("")
}

// Stats returns the figures of all routes.
func (s *Server) Stats() []Stats {
	now := time.Now()
	var all []Stats
	for _, r := range s.table.Load().rules() {
		all = append(all, r.stats(now))
	}
	return all
}

func (s *Server) sweep() {
	t := time.NewTicker(sweepInterval)
	defer t.Stop()
	for {
		select {
		case now := <-t.C:
			s.upstreams.Sweep(now)
		case <-s.stopped:
			return
		}
	}
}

// long is net/http, fed with connections that cannot take the short way.
type long struct {
	web      *http.Server
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
	open     atomic.Int64
}

func newLong(s *Server) *long {
	l := &long{accepted: make(chan net.Conn), closed: make(chan struct{})}
	l.web = &http.Server{
		Handler:           newHandler(s),
		ReadHeaderTimeout: headTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    largestHead,
		TLSConfig:         s.tls,
		Protocols:         new(http.Protocols),
		ErrorLog:          log.New(io.Discard, "", 0), // what strangers send is no news
		ConnContext:       connContext,
		ConnState:         l.state,
	}
	l.web.Protocols.SetHTTP1(true)
	l.web.Protocols.SetHTTP2(true)
	l.web.Protocols.SetUnencryptedHTTP2(true)
	go l.web.Serve(l)
	return l
}

func (l *long) state(_ net.Conn, state http.ConnState) {
	if state == http.StateClosed || state == http.StateHijacked {
		l.open.Add(-1)
	}
}

// take hands a connection over.
func (l *long) take(conn net.Conn) {
	l.open.Add(1)
	select {
	case l.accepted <- conn:
	case <-l.closed:
		l.open.Add(-1)
		conn.Close()
	}
}

// Accept implements net.Listener.
func (l *long) Accept() (net.Conn, error) {
	select {
	case conn := <-l.accepted:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *long) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *long) Addr() net.Addr { return &net.TCPAddr{} }

// replay is a connection of which something was read already, on its way to net/http.
type replay struct {
	net.Conn
	secure  bool
	rest    []byte // comes before what Conn has
	framing framing
	refused bool // after rest nothing comes
}

// notHTTP ends a head so that net/http answers 400, after what came before, and closes the connection.
const notHTTP = "a Content-Length beside a Transfer-Encoding\r\n\r\n"

// Read implements net.Conn.
func (r *replay) Read(b []byte) (n int, err error) {
	seen := len(r.rest) > 0 && r.refused
	switch {
	case len(r.rest) > 0:
		n = copy(b, r.rest)
		r.rest = r.rest[n:]
	case r.refused:
		return 0, io.EOF
	default:
		n, err = r.Conn.Read(b)
	}
	if seen {
		return n, err
	}
	if end, ok := r.framing.feed(b[:n]); !ok {
		r.rest, r.refused, n = []byte(notHTTP), true, end
	}
	return n, err
}

type connKey struct{}

// connContext tells the handler what it cannot ask net/http: which connection a request came over, as a *replay; nil for one of
// HTTP/2 with TLS.
func connContext(ctx context.Context, conn net.Conn) context.Context {
	r, _ := conn.(*replay)
	return context.WithValue(ctx, connKey{}, r)
}
