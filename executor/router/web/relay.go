package web

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/nsynapse/recipe/executor/router/upstream"
)

// errGone means that the client went away while it waited for its answer.
var errGone = errors.New("the client has gone")

const (
	tick        = time.Second // how often a client that waits is looked after
	spliceAbove = 64 << 10    // bytes; less is copied
	spliceStep  = 256 << 10   // bytes between two looks at the deadlines
)

// try sends the request on conn and brings the answer to the client. With an error conn must not be used any more; as
// long as x.status is 0 the client has got nothing.
func (x *exchange) try(u *upstream.Upstream, conn *upstream.Conn) error {
	x.compose()
	if len(x.out) > firstBuffer { // what is shorter fits into the socket, for all before it was answered
		conn.SetWriteDeadline(time.Now().Add(x.rule.Timeout))
	}
	if _, err := conn.Write(x.out); err != nil {
		return err
	}
	head, err := x.replyHead(conn)
	if err != nil {
		return err
	}
	return x.relay(u, conn, head)
}

// compose writes the request as the upstream gets it.
func (x *exchange) compose() {
	r := &x.req
	b := append(append(x.out[:0], r.method...), ' ')
	b = x.rule.strip(b, r.target)
	b = append(append(append(b, " HTTP/1.1\r\nHost: "...), r.host...), "\r\n"...)
	for _, f := range r.fields {
		b = append(append(append(append(b, f.name...), ": "...), f.value...), "\r\n"...)
	}
	proto := "http"
	if x.secure {
		proto = "https"
	}
	b = append(append(b, "X-Forwarded-For: "...), x.ip...)
	b = append(append(b, "\r\nX-Real-Ip: "...), x.ip...)
	b = append(append(b, "\r\nX-Forwarded-Host: "...), r.host...)
	b = append(append(b, "\r\nX-Forwarded-Proto: "...), proto...)
	b = appendForwarded(append(b, "\r\nForwarded: "...), x.ip, r.host, proto)
	if r.hasLength {
		b = strconv.AppendInt(append(b, "\r\nContent-Length: "...), r.length, 10)
	}
	b = append(b, "\r\n\r\n"...)
	body := x.in[x.from+x.head : x.from+x.head+int(r.length)]
	x.out = append(b, body...)
}

// appendForwarded writes the value of a Forwarded (RFC 7239).
func appendForwarded(b []byte, ip string, host []byte, proto string) []byte {
	b = append(b, `for=`...)
	if bytes.IndexByte([]byte(ip), ':') >= 0 {
		b = append(append(append(b, `"[`...), ip...), `]"`...)
	} else {
		b = append(b, ip...)
	}
	b = append(append(append(b, `;host="`...), host...), `";proto=`...)
	return append(b, proto...)
}

// read reads from the upstream behind back[:from], and looks after the client while that takes time.
func (x *exchange) read(conn *upstream.Conn, from int) (n int, err error) {
	begin := time.Now()
	step := min(tick, x.rule.Timeout)
	for now := begin; ; now = time.Now() {
		if left := conn.Until.Sub(now); left < step/2 || left > step {
			conn.Until = now.Add(step)
			conn.SetReadDeadline(conn.Until)
		}
		n, err = conn.Read(x.back[from:])
		if n > 0 || err == nil || !isTimeout(err) {
			return n, err
		}
		if time.Since(begin) >= x.rule.Timeout {
			return 0, err
		}
		if gone(x.conn) {
			return 0, errGone
		}
	}
}

// replyHead reads the head of the answer into back and returns its length.
func (x *exchange) replyHead(conn *upstream.Conn) (head int, err error) {
	x.n = 0
	for {
		if end := bytes.Index(x.back[:x.n], headEnd); end >= 0 {
			head = end + len(headEnd)
			if err := x.rep.parse(x.back[:head]); err != nil {
				return 0, err
			}
			if x.rep.status >= 200 {
				return head, nil
			}
			if x.rep.status == 101 {
				return 0, errBadReply // nobody has asked for another protocol
			}
			x.n = copy(x.back, x.back[head:x.n]) // an answer that only announces the answer
			continue
		}
		if x.n == len(x.back) {
			if x.n >= largestHead {
				return 0, errBadReply
			}
			x.back = append(x.back, make([]byte, len(x.back))...)
		}
		n, err := x.read(conn, x.n)
		if x.n += n; n == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
	}
}

// relay brings the answer, whose head is in back, to the client.
func (x *exchange) relay(u *upstream.Upstream, conn *upstream.Conn, head int) error {
	u.Succeeded()
	rep := &x.rep
	b := append(append(append(x.out[:0], "HTTP/1.1 "...), rep.line...), "\r\n"...)
	for _, f := range rep.fields {
		b = append(append(append(append(b, f.name...), ": "...), f.value...), "\r\n"...)
	}
	if x.rule.Balance == upstream.Sticky && upstream.ParseToken(string(x.req.cookie(x.rule.cookie))) != u.ID {
		b = append(append(append(b, "Set-Cookie: "...), x.rule.stay(u)...), "\r\n"...)
	}
	if x.ending.Load() {
		x.keep = false
	}
	if !x.keep {
		b = append(b, "Connection: close\r\n"...)
	}
	x.out = b
	x.status = rep.status
	rest := x.back[head:x.n]
	switch {
	case rep.bodiless(x.req.method):
		if rep.length >= 0 {
			x.out = append(strconv.AppendInt(append(x.out, "Content-Length: "...), rep.length, 10), "\r\n"...)
		}
		x.out = append(x.out, "\r\n"...)
		if err := x.send(nil); err != nil {
			return err
		}
		x.done(u, conn, len(rest) == 0 && !rep.close)
		return nil
	case rep.chunked:
		x.out = append(x.out, "Transfer-Encoding: chunked\r\n\r\n"...)
		return x.relayChunks(u, conn, rest)
	case rep.length >= 0:
		x.out = append(strconv.AppendInt(append(x.out, "Content-Length: "...), rep.length, 10), "\r\n\r\n"...)
		return x.relayLength(u, conn, rest)
	}
	x.out = append(x.out, "Transfer-Encoding: chunked\r\n\r\n"...)
	return x.relayRest(conn, rest)
}

// stay is the cookie that keeps a client at u.
func (r *rule) stay(u *upstream.Upstream) string {
	s := r.cookie + "=" + u.Token() + "; Path=" + r.Path + "; HttpOnly; SameSite=Lax"
	if r.secure {
		s += "; Secure"
	}
	return s
}

// send writes what is in out and then piece, if they fit in one go.
func (x *exchange) send(piece []byte) error {
	now := time.Now()
	x.bytes += int64(len(piece))
	if len(x.out)+len(piece) <= cap(x.out) {
		x.out = append(x.out, piece...)
		piece = nil
	}
	var err error
	if len(x.out) > 0 {
		err = x.write(x.out, now)
		x.out = x.out[:0]
	}
	if err == nil && len(piece) > 0 {
		err = x.write(piece, now)
	}
	return err
}

// done ends an exchange that went well.
func (x *exchange) done(u *upstream.Upstream, conn *upstream.Conn, reusable bool) {
	if reusable {
		u.Keep(conn, time.Now())
		return
	}
	conn.Close()
}

// relayLength carries a body of known length.
func (x *exchange) relayLength(u *upstream.Upstream, conn *upstream.Conn, rest []byte) error {
	left := x.rep.length - int64(len(rest))
	tooMuch := left < 0
	if tooMuch {
		rest, left = rest[:x.rep.length], 0
	}
	if err := x.send(rest); err != nil {
		return err
	}
	if left >= spliceAbove && x.tcp != nil {
		if err := x.splice(conn, left); err != nil {
			x.abort()
			return err
		}
		left = 0
	}
	for left > 0 {
		n, err := x.read(conn, 0)
		if n == 0 {
			x.abort()
			return err
		}
		piece := x.back[:min(int64(n), left)]
		tooMuch = int64(n) > left
		left -= int64(len(piece))
		if err := x.send(piece); err != nil {
			return err
		}
	}
	x.done(u, conn, !tooMuch && !x.rep.close)
	return nil
}

// splice carries bytes without taking them out of the kernel, where that can be done.
func (x *exchange) splice(conn *upstream.Conn, left int64) error {
	defer func() { conn.Until, x.writeUntil = time.Time{}, time.Time{} }()
	for left > 0 {
		now := time.Now()
		conn.SetReadDeadline(now.Add(x.rule.Timeout))
		x.conn.SetWriteDeadline(now.Add(sendTimeout))
		n, err := x.tcp.ReadFrom(&io.LimitedReader{R: conn.TCPConn, N: min(left, spliceStep)})
		left -= n
		x.bytes += n
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}

// relayChunks carries a body in chunks as it is.
func (x *exchange) relayChunks(u *upstream.Upstream, conn *upstream.Conn, piece []byte) error {
	var c chunks
	for {
		n, done, err := c.feed(piece)
		if err != nil {
			x.abort()
			return err
		}
		if err := x.send(piece[:n]); err != nil {
			return err
		}
		if done {
			x.done(u, conn, n == len(piece) && !x.rep.close)
			return nil
		}
		got, err := x.read(conn, 0)
		if got == 0 {
			x.abort()
			return err
		}
		piece = x.back[:got]
	}
}

// relayRest carries a body that ends with the connection, in chunks of our own.
func (x *exchange) relayRest(conn *upstream.Conn, piece []byte) error {
	for {
		if len(piece) > 0 {
			x.bytes += int64(len(piece))
			x.out = append(strconv.AppendInt(x.out, int64(len(piece)), 16), "\r\n"...)
			x.out = append(append(x.out, piece...), "\r\n"...)
		}
		if err := x.send(nil); err != nil {
			return err
		}
		n, err := x.read(conn, 0)
		if n == 0 && errors.Is(err, io.EOF) {
			x.out = append(x.out, "0\r\n\r\n"...)
			conn.Close()
			return x.send(nil)
		}
		if n == 0 {
			x.abort()
			return err
		}
		piece = x.back[:n]
	}
}

// gone reports whether the peer of conn has closed it. What it may have sent stays where it is.
func gone(conn net.Conn) bool {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = t.NetConn()
	}
	tcp, ok := conn.(*net.TCPConn)
	return ok && peek(tcp) == peekEnd
}

// quiet reports whether nothing has come from the peer, not even the end.
func quiet(conn *net.TCPConn) bool { return peek(conn) == peekNothing }
