package web

import (
	"bytes"
	"sync/atomic"
)

// framing follows the requests of HTTP/1.1 and 1.0 on their way to net/http, in the pieces in which they go by. It finds those
// that must be refused because their body could end in two places (RFC 9112, 6.1 and 6.3), which net/http does not tell: it takes
// Transfer-Encoding and forgets Content-Length. Its zero value is at the begin of a connection.
type framing struct {
	lost atomic.Bool // it does not know any more where requests begin; may be asked from anywhere

	line  []byte // what came of the line that is being read
	lines int    // of this head so far
	old   bool   // HTTP/1.0
	odd   bool   // this head may have another meaning for net/http
	coded bool   // it has a Transfer-Encoding
	sized bool   // it has a Content-Length
	size  int64  // as that says

	left    int64 // of a body that has a length
	chunked bool  // a body in chunks goes by
	chunks  chunks
}

// feed takes the next piece. Where a line is its end by which a request must be refused, it returns how much of the piece
// ends with that line, and false.
func (f *framing) feed(b []byte) (n int, ok bool) {
	for n < len(b) && !f.lost.Load() {
		switch {
		case f.left > 0:
			take := min(int64(len(b)-n), f.left)
			n += int(take)
			f.left -= take
		case f.chunked:
			used, done, err := f.chunks.feed(b[n:])
			n += used
			f.chunked = !done
			if err != nil {
				f.lost.Store(true)
			}
		default:
			end := bytes.IndexByte(b[n:], '\n') + 1
			if end == 0 {
				end = len(b) - n
			}
			piece := b[n : n+end]
			n += end
			if !f.headPiece(piece) {
				return n, false
			}
		}
	}
	return len(b), true
}

// headPiece takes a piece of a head that has an LF at its end or nowhere.
func (f *framing) headPiece(b []byte) (ok bool) {
	whole := b[len(b)-1] == '\n'
	if !whole || len(f.line) > 0 {
		f.line = append(f.line, b...)
		b = f.line
	}
	if len(f.line) > largestHead {
		f.lost.Store(true) // net/http does not read that far
	}
	if !whole {
		return true
	}
	f.line = f.line[:0]
	b = b[:len(b)-1]
	if len(b) > 0 && b[len(b)-1] == '\r' {
		b = b[:len(b)-1]
	} else {
		f.odd = true
	}
	switch {
	case len(b) == 0:
		f.endHead()
		return true
	case f.lines == 0:
		f.first(b)
	default:
		f.field(b)
	}
	f.lines++
	return !f.coded || !f.sized && !f.old
}

// first takes "GET /path HTTP/1.1". What is no HTTP/1 is not followed.
func (f *framing) first(line []byte) {
	f.old = bytes.HasSuffix(line, []byte(" HTTP/1.0"))
	if !f.old && !bytes.HasSuffix(line, []byte(" HTTP/1.1")) {
		f.lost.Store(true)
	}
}

func (f *framing) field(line []byte) {
	name, value, found := bytes.Cut(line, []byte{':'})
	if value = trim(value); !found || !only(name, &token) || !only(value, &text) {
		f.odd = true
	}
	switch name = trim(name); {
	case is(name, "content-length"):
		var ok bool
		f.size, ok = length(value)
		f.odd = f.odd || f.sized || !ok
		f.sized = true
	case is(name, "transfer-encoding"):
		f.odd = f.odd || f.coded || !is(value, "chunked")
		f.coded = true
	case is(name, "upgrade"):
		f.odd = true // what follows may be another protocol
	}
}

// endHead takes the empty line. Before a head it changes nothing: net/http passes over it, or refuses it.
func (f *framing) endHead() {
	f.chunked, f.chunks, f.left = f.coded, chunks{}, f.size
	if f.odd {
		f.lost.Store(true)
	}
	f.lines, f.old, f.odd, f.coded, f.sized, f.size = 0, false, false, false, false, 0
}
