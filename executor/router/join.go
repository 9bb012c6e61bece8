package router

import "net"

// join carries bytes between two connections both ways until both directions have ended, and closes them. The end of
// one direction is passed on and the other goes on: a client may send, half-close and read its answer. A connection
// that breaks breaks the other in the same way, else a truncated answer would look like a whole one.
//
// Both sides have TCP_NODELAY and keep-alive, which package net sets. ReadFrom splices on Linux: the bytes stay in
// the kernel and there is no buffer per connection.
func join(a, b *net.TCPConn) {
	broken := make(chan bool, 1)
	go func() { broken <- !carry(a, b) }()
	if !carry(b, a) || <-broken {
		reset(a)
		reset(b)
		return
	}
	a.Close()
	b.Close()
}

// carry brings all bytes from one to the other, then the end. It reports whether it could; if not it has broken both,
// which ends the other direction too.
func carry(to, from *net.TCPConn) bool {
	_, err := to.ReadFrom(from)
	if err == nil {
		err = to.CloseWrite()
	}
	if err != nil {
		reset(to)
		reset(from)
	}
	return err == nil
}

// reset closes c so that its peer sees a failure.
func reset(c *net.TCPConn) {
	c.SetLinger(0)
	c.Close()
}
