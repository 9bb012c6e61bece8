package web

import (
	"bytes"
	"errors"
)

// errBadReply means that an upstream did not answer in HTTP, or so that its answer has no certain end.
var errBadReply = errors.New("the answer is no proper HTTP")

// reply is the head of an answer. Its bytes belong to the buffer that it was read into.
type reply struct {
	status  int
	line    []byte  // "200 OK"
	fields  []field // without those that concern one connection only
	length  int64   // of the body; -1 when it is not said
	chunked bool
	close   bool // the upstream closes the connection after it
	old     bool // HTTP/1.0
}

// parse reads a head, which ends with an empty line.
func (r *reply) parse(head []byte) error {
	*r = reply{fields: r.fields[:0], length: -1}
	line, rest, _ := bytes.Cut(head, crlf)
	if !r.parseLine(line) {
		return errBadReply
	}
	var listed []byte // what Connection names concerns this connection only
	for {
		line, rest, _ = bytes.Cut(rest, crlf)
		if len(line) == 0 {
			break
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 1 || !only(line[:colon], &token) || !only(line[colon+1:], &text) {
			return errBadReply
		}
		if !r.add(field{line[:colon], trim(line[colon+1:])}, &listed) {
			return errBadReply
		}
	}
	if r.chunked && r.length >= 0 || r.chunked && r.old {
		return errBadReply
	}
	if r.old {
		r.close = true
	}
	r.drop(listed)
	return nil
}

// parseLine reads "HTTP/1.1 200 OK".
func (r *reply) parseLine(line []byte) bool {
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[8] != ' ' || line[7] != '0' && line[7] != '1' || !only(line, &text) {
		return false
	}
	r.old, r.line = line[7] == '0', line[9:]
	for _, c := range r.line[:3] {
		if c < '0' || c > '9' {
			return false
		}
		r.status = 10*r.status + int(c-'0')
	}
	return r.status >= 100 && (len(r.line) == 3 || r.line[3] == ' ')
}

// add takes one field, and reports whether it may be there.
func (r *reply) add(f field, listed *[]byte) bool {
	switch len(f.name) {
	case 7:
		if is(f.name, "upgrade") || is(f.name, "trailer") {
			return true
		}
	case 10:
		if is(f.name, "connection") {
			r.connection(f.value, listed)
			return true
		}
		if is(f.name, "keep-alive") {
			return true
		}
	case 14:
		if is(f.name, "content-length") {
			if r.length >= 0 {
				return false
			}
			var ok bool
			r.length, ok = length(f.value)
			return ok
		}
	case 16:
		if is(f.name, "proxy-connection") {
			return true
		}
	case 17:
		if is(f.name, "transfer-encoding") {
			ok := !r.chunked && is(f.value, "chunked")
			r.chunked = true
			return ok
		}
	}
	r.fields = append(r.fields, f)
	return true
}

func (r *reply) connection(value []byte, listed *[]byte) {
	switch {
	case is(value, "keep-alive"):
	case is(value, "close"):
		r.close = true
	default:
		*listed = value
		for rest := value; len(rest) > 0; {
			var word []byte
			word, rest, _ = bytes.Cut(rest, []byte{','})
			r.close = r.close || is(trim(word), "close")
		}
	}
}

// drop takes out the fields that Connection lists.
func (r *reply) drop(listed []byte) {
	for len(listed) > 0 {
		var word []byte
		word, listed, _ = bytes.Cut(listed, []byte{','})
		word = trim(word)
		kept := r.fields[:0]
		for _, f := range r.fields {
			if !bytes.EqualFold(f.name, word) {
				kept = append(kept, f)
			}
		}
		r.fields = kept
	}
}

// bodiless reports whether an answer to method has no body, whatever its head says.
func (r *reply) bodiless(method []byte) bool {
	return string(method) == "HEAD" || r.status == 204 || r.status == 304
}
