package web

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/router/upstream"
)

const (
	firstPause = 5 * time.Millisecond   // between two rounds over upstreams that refuse; doubles
	lastPause  = 250 * time.Millisecond // where the doubling ends

	// freshEnough is how long ago a connection may have been used that gets a request which must not be sent twice. Servers
	// close idle ones after 5 s and more.
	freshEnough = 3 * time.Second
)

// exchange is a request of a client with its answer.
type exchange struct {
	*client
	rule  *rule
	begin time.Time
	out   []byte // what is written next, to the one or the other side
	back  []byte // back[:n] was read from the upstream
	n     int
	rep   reply
	tried []*upstream.Upstream

	status int   // that the client got; 0 while it has got nothing
	bytes  int64 // of the answer's body
	to     string
	why    string // the client has no answer of the app, or only a part; "" if it has
	keep   bool   // the client's connection goes on
}

// exchanges lends buffers to requests; connections that do nothing need none.
var exchanges = sync.Pool{New: func() any {
	return &exchange{out: make([]byte, 0, 18<<10), back: make([]byte, 16<<10)}
}}

// answer answers the request that was read, and reports whether the connection goes on.
func (c *client) answer() (keep bool) {
	x := exchanges.Get().(*exchange)
	x.client, x.begin, x.n, x.status, x.bytes, x.to, x.why = c, time.Now(), 0, 0, 0, "", ""
	x.keep = !c.req.close && !c.ending.Load()
	x.route()
	x.record()
	keep = x.keep
	clear(x.tried)
	x.client, x.rule, x.tried = nil, nil, x.tried[:0]
	exchanges.Put(x)
	return keep
}

// route finds the route and goes it.
func (x *exchange) route() {
	t := x.table.Load()
	x.rule = t.find(x.req.host, x.req.path())
	switch {
	case x.rule == nil:
		x.refuse(404, "No route leads from here.")
	case x.rule.secure && !x.secure:
		x.redirect()
	case x.req.length > x.rule.BodyLimit:
		x.refuse(413, "The request is too large.")
	default:
		f := &x.rule.figures
		defer f.inFlight.Add(-1)
		if n := f.inFlight.Add(1); x.rule.Limit > 0 && n > int64(x.rule.Limit) {
			x.refuse(503, "Too many requests are under way.")
			return
		}
		x.rule.budget.earn()
		x.forward(t)
	}
}

// record counts the request and writes it to the log.
func (x *exchange) record() {
	took := time.Since(x.begin)
	name := ""
	if x.rule != nil {
		x.rule.figures.count(x.status, took)
		name = x.rule.Name
	}
	if log := x.log.Load(); log != nil {
		log.add(&entry{begin: x.begin, took: took, route: name, client: x.ip, method: x.req.method, host: x.req.host,
			path: x.req.path(), status: x.status, bytes: x.bytes, upstream: x.to, secure: x.secure, why: x.why})
	}
}

// forward sends the request to an upstream, and to another one if that fails and the request may be repeated.
func (x *exchange) forward(t *table) {
	again := idempotent(x.req.method)
	for retries := x.rule.retries; ; {
		u, conn := x.connect(&t)
		if u == nil {
			return // it was answered
		}
		x.to = u.Address
		err := x.try(u, conn)
		u.Release()
		if err == nil {
			return
		}
		conn.Close()
		switch {
		case x.status != 0: // the client has something of the answer already
			x.keep, x.why = false, err.Error()
			return
		case errors.Is(err, errGone):
			x.status, x.keep = statusGone, false
			return
		case conn.Reused && again && !isTimeout(err): // it was being closed at that moment: nobody has failed
			x.rule.figures.retries.Add(1)
			continue
		}
		x.failed(u)
		if !again || isTimeout(err) || retries == 0 || !x.rule.budget.spend() {
			x.bad(err)
			return
		}
		retries--
		x.rule.figures.retries.Add(1)
		x.tried = append(x.tried, u)
	}
}

func (x *exchange) failed(u *upstream.Upstream) {
	if u.Failed(time.Now()) {
		x.rule.figures.ejected.Add(1)
	}
}

// bad tells the client that an upstream has failed.
func (x *exchange) bad(err error) {
	if isTimeout(err) {
		x.refuse(504, "The app took too long to answer.")
		return
	}
	x.refuse(502, "The app did not answer properly.")
	x.why = err.Error()
}

// connect returns a connection to an upstream, acquired. While there is none it waits; when that takes too long it
// answers the request and returns nil.
func (x *exchange) connect(t **table) (*upstream.Upstream, *upstream.Conn) {
	if u, conn := x.reach(); u != nil {
		return u, conn
	}
	f := &x.rule.figures
	f.waiting.Add(1)
	defer f.waiting.Add(-1)
	end := time.NewTimer(x.rule.Wait - time.Since(x.begin))
	defer end.Stop()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		x.tried = x.tried[:0] // each may be another process by now
		retry := time.NewTimer(pause)
		select {
		case <-end.C:
			retry.Stop()
			x.refuse(503, "The app is not ready.")
			return nil, nil
		case <-(*t).replaced:
			*t = x.table.Load()
			next := (*t).find(x.req.host, x.req.path())
			if next == nil {
				retry.Stop()
				x.refuse(503, "The app is gone.")
				return nil, nil
			}
			x.rule = next
		case <-retry.C:
		}
		retry.Stop()
		if gone(x.conn) {
			x.status, x.keep = statusGone, false
			return nil, nil
		}
		if u, conn := x.reach(); u != nil {
			return u, conn
		}
	}
}

// reach returns a connection to one of the upstreams that were not tried yet, acquired; nil when there is none. A
// connection that cannot be made costs nothing: the request was not sent.
func (x *exchange) reach() (*upstream.Upstream, *upstream.Conn) {
	r := x.rule
	var key uint64
	if r.Balance == upstream.Hash || r.Balance == upstream.Sticky {
		key = r.key(x.ip, x.req.header, x.req.cookie)
	}
	for {
		u := r.balance.Pick(r.Balance, r.upstreams, key, x.begin, x.tried)
		if u == nil {
			return nil, nil
		}
		if u.Acquire() {
			if conn := x.kept(u); conn != nil {
				return u, conn
			}
			conn, err := u.Dial()
			if err == nil {
				return u, conn
			}
			x.failed(u)
			u.Release()
		}
		x.tried = append(x.tried, u)
	}
}

// kept returns a connection that was kept, nil without one. For a request that must not be sent twice it has to be
// certain, as far as that goes, that the upstream is not closing it.
func (x *exchange) kept(u *upstream.Upstream) *upstream.Conn {
	if idempotent(x.req.method) {
		return u.Idle(x.begin, 0)
	}
	for {
		conn := u.Idle(x.begin, freshEnough)
		if conn == nil || quiet(conn.TCPConn) {
			return conn
		}
		conn.Close()
	}
}

// redirect sends the client to the same place over TLS.
func (x *exchange) redirect() {
	var location strings.Builder
	location.WriteString("https://")
	location.Write(hostName(nil, x.req.host))
	location.WriteString(x.securePort())
	location.Write(x.req.target)
	x.page(308, "Over TLS only.", "Location: "+location.String()+"\r\n")
}
