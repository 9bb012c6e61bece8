package upstream

import (
	"net"
	"net/http"
	"time"
)

const (
	// DialTimeout is how long connecting to an upstream may take.
	DialTimeout = 2 * time.Second

	maxIdle  = 256              // connections that are kept to one upstream
	idleTime = 60 * time.Second // how long they are kept unused
)

// Conn is a connection to an upstream.
type Conn struct {
	*net.TCPConn
	Reused bool // it has carried requests before: the upstream may be closing it at this moment

	Until time.Time // the read deadline that it has, for its user to note

	since time.Time // idle since
}

// Dial makes a new connection.
func (u *Upstream) Dial() (*Conn, error) {
	conn, err := net.DialTimeout("tcp", u.Address, DialTimeout)
	if err != nil {
		return nil, err
	}
	return &Conn{TCPConn: conn.(*net.TCPConn)}, nil
}

// Idle returns a kept connection, or nil if there is none that was used less than fresh ago; 0 stands for any.
func (u *Upstream) Idle(now time.Time, fresh time.Duration) *Conn {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := len(u.idle)
	if n == 0 {
		return nil
	}
	c := u.idle[n-1]
	if fresh > 0 && now.Sub(c.since) > fresh {
		return nil
	}
	u.idle[n-1] = nil
	u.idle = u.idle[:n-1]
	c.Reused = true
	return c
}

// Keep keeps a connection on which nothing is in flight for later requests.
func (u *Upstream) Keep(c *Conn, now time.Time) {
	c.since = now
	u.mu.Lock()
	keep := len(u.idle) < maxIdle && !u.gone.Load()
	if keep {
		u.idle = append(u.idle, c)
	}
	u.mu.Unlock()
	if !keep {
		c.Close()
	}
}

// CloseIdle closes the kept connections that were not used since.
func (u *Upstream) CloseIdle(since time.Time) {
	u.mu.Lock()
	n := 0
	for n < len(u.idle) && u.idle[n].since.Before(since) { // the oldest come first
		n++
	}
	old := u.idle[:n:n]
	u.idle = append([]*Conn(nil), u.idle[n:]...)
	u.mu.Unlock()
	for _, c := range old {
		c.Close()
	}
}

// Transport returns the transport of net/http for u, which keeps connections of its own; h2c is the one that speaks
// HTTP/2 without TLS.
func (u *Upstream) Transport(h2c bool) http.RoundTripper {
	u.mu.Lock()
	defer u.mu.Unlock()
	slot := &u.plain
	if h2c {
		slot = &u.h2c
	}
	if *slot == nil {
		*slot = u.transport(h2c)
	}
	return *slot
}

func (u *Upstream) transport(h2c bool) *http.Transport {
	t := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: DialTimeout}).DialContext,
		MaxIdleConns:          maxIdle,
		MaxIdleConnsPerHost:   maxIdle,
		IdleConnTimeout:       idleTime,
		DisableCompression:    true, // it would ask for it where the client does not, and undo it
		ExpectContinueTimeout: time.Second,
		Protocols:             new(http.Protocols),
	}
	t.Protocols.SetHTTP1(!h2c)
	t.Protocols.SetUnencryptedHTTP2(h2c)
	return t
}

// closeKept closes everything that is kept and not in use.
func (u *Upstream) closeKept() {
	u.CloseIdle(time.Now().Add(time.Hour))
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, t := range []*http.Transport{u.plain, u.h2c} {
		if t != nil {
			t.CloseIdleConnections()
		}
	}
}
