package web

import (
	"bytes"
	"errors"
	"net"
	"os"
	"time"
)

const (
	firstBuffer = 4 << 10  // bytes for the head of a request, to begin with
	largestHead = 64 << 10 // of a request or an answer; net/http refuses longer ones
	shortBody   = 64 << 10 // of a request; longer ones go the long way

	idleTimeout = 75 * time.Second // between two requests of a connection
	headTimeout = 10 * time.Second // for a head or a short body, from its first byte on
	sendTimeout = 60 * time.Second // for a client to take some of an answer
)

// client is a connection that takes the short way. It belongs to one goroutine.
type client struct {
	*Server
	conn   net.Conn
	tcp    *net.TCPConn // conn without TLS; nil if that is not what it is
	secure bool
	ip     string

	in       []byte // in[from:to] was read and not used
	from, to int
	head     int // bytes of the head of req, which begins at from
	req      request

	readUntil, writeUntil time.Time // the deadlines that conn has
}

// outcome of reading a request.
type outcome int

const (
	ended outcome = iota // there is none, and there will be none
	plain                // it can take the short way
	odd                  // it, or what of it is there, cannot
)

// serve answers requests until the connection ends or has to go the long way.
func (c *client) serve() {
	for {
		switch c.read() {
		case ended:
			c.conn.Close()
			return
		case odd:
			c.pass()
			return
		}
		used := c.head + int(c.req.length)
		if !c.answer() {
			c.conn.Close()
			return
		}
		c.from += used
	}
}

// read reads a request with its body. Deadlines are renewed when half of them is over, for that costs more than looking.
func (c *client) read() outcome {
	if c.from == c.to {
		c.from, c.to = 0, 0
		if now := time.Now(); c.readUntil.Sub(now) < idleTimeout/2 {
			c.readUntil = now.Add(idleTimeout)
			c.conn.SetReadDeadline(c.readUntil)
		}
		if !c.more() {
			return ended
		}
	}
	timed := false
	for {
		if n := c.find(); n > 0 {
			c.head = n
			break
		}
		if c.hopeless() {
			return odd
		}
		if !timed {
			timed = true
			c.hurry()
		}
		c.room(c.to - c.from + firstBuffer)
		if !c.more() {
			return ended
		}
	}
	if !c.req.parse(c.in[c.from:c.from+c.head]) || c.req.length > shortBody || bytes.HasPrefix(c.req.target, []byte(challengePath)) {
		return odd
	}
	return c.body(timed)
}

// body reads the rest of a request.
func (c *client) body(timed bool) outcome {
	whole := c.head + int(c.req.length)
	if c.to-c.from >= whole {
		return plain
	}
	if c.room(whole) {
		c.req.parse(c.in[c.from : c.from+c.head]) // it has moved
	}
	if !timed {
		c.hurry()
	}
	for c.to-c.from < whole {
		if !c.more() {
			return ended
		}
	}
	return plain
}

// hurry gives the rest of a request a deadline.
func (c *client) hurry() {
	c.readUntil = time.Time{} // too short for the next one
	c.conn.SetReadDeadline(time.Now().Add(headTimeout))
}

// find returns the length of the head at from, with its empty line; 0 if its end is not there yet.
func (c *client) find() int {
	end := bytes.Index(c.in[c.from:c.to], headEnd)
	if end < 0 {
		return 0
	}
	return end + len(headEnd)
}

// hopeless reports whether what was read cannot become the head of a plain request: it is too long, or begins with lines
// that end without CR, as a preface of HTTP/2 does not.
func (c *client) hopeless() bool {
	got := c.in[c.from:c.to]
	lf := bytes.IndexByte(got, '\n')
	return len(got) > largestHead || lf == 0 || lf > 0 && got[lf-1] != '\r' || lf < 0 && len(got) > 16<<10 || c.req.unlike(got)
}

// unlike reports whether no plain request begins with b.
func (r *request) unlike(b []byte) bool {
	space := bytes.IndexByte(b, ' ')
	return space > 8 || space < 0 && len(b) > 8 || space >= 0 && !plainMethod(b[:space])
}

// room makes place for n bytes from from on, and reports whether what was read has moved.
func (c *client) room(n int) (moved bool) {
	if c.from+n <= len(c.in) {
		return false
	}
	in := c.in
	if n > len(in) {
		in = make([]byte, max(n, 2*len(in)))
	}
	copy(in, c.in[c.from:c.to])
	c.in, c.from, c.to = in, 0, c.to-c.from
	return true
}

// more reads what there is.
func (c *client) more() bool {
	n, err := c.conn.Read(c.in[c.to:])
	c.to += n
	return n > 0 || err == nil
}

// pass hands the connection over to net/http, with all that was read.
func (c *client) pass() {
	c.conn.SetDeadline(time.Time{})
	c.long.take(&replay{Conn: c.conn, rest: bytes.Clone(c.in[c.from:c.to]), secure: c.secure})
}

// write sends to the client.
func (c *client) write(b []byte, now time.Time) error {
	if c.writeUntil.Sub(now) < sendTimeout/2 {
		c.writeUntil = now.Add(sendTimeout)
		c.conn.SetWriteDeadline(c.writeUntil)
	}
	_, err := c.conn.Write(b)
	return err
}

// abort ends the connection so that the client sees a failure, and does not take what it has for a whole answer.
func (c *client) abort() {
	if c.tcp != nil {
		c.tcp.SetLinger(0)
	}
	c.conn.Close()
}

// isTimeout reports whether err is a deadline that has passed.
func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
