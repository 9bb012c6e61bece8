package web

import "bytes"

var (
	crlf    = []byte("\r\n")
	headEnd = []byte("\r\n\r\n")
)

// field is a line of a head, in the buffer that it was read into.
type field struct{ name, value []byte }

// request is the head of a request that takes the short way. Its bytes belong to the buffer of its connection.
type request struct {
	method, target, host []byte
	fields               []field // without those that concern one connection only, and those that we write ourselves
	length               int64   // of the body
	hasLength            bool    // it was said, maybe as 0
	close                bool    // the client wants the connection closed
}

// parse reads a head, which ends with an empty line. ok is false for anything that is not plain; what is wrong with it,
// if anything, is for net/http to say.
func (r *request) parse(head []byte) (ok bool) {
	r.fields, r.host, r.length, r.hasLength, r.close = r.fields[:0], nil, 0, false, false
	line, rest, _ := bytes.Cut(head, crlf)
	if !r.parseLine(line) {
		return false
	}
	for {
		line, rest, _ = bytes.Cut(rest, crlf)
		if len(line) == 0 {
			return r.host != nil && len(rest) == 0
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 1 || !only(line[:colon], &token) || !only(line[colon+1:], &text) {
			return false
		}
		if !r.add(field{line[:colon], trim(line[colon+1:])}) {
			return false
		}
	}
}

// parseLine reads "GET /path HTTP/1.1".
func (r *request) parseLine(line []byte) bool {
	const version = " HTTP/1.1"
	method, rest, _ := bytes.Cut(line, []byte{' '})
	if len(rest) < len(version)+1 || string(rest[len(rest)-len(version):]) != version {
		return false
	}
	r.method, r.target = method, rest[:len(rest)-len(version)]
	return plainMethod(method) && r.target[0] == '/' && only(r.target, &visible)
}

func plainMethod(m []byte) bool {
	switch string(m) {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return true
	}
	return false
}

// idempotent reports whether a request may be sent twice.
func idempotent(m []byte) bool {
	switch string(m) {
	case "GET", "HEAD", "PUT", "DELETE", "OPTIONS":
		return true
	}
	return false
}

// add takes one field, and reports whether it is plain.
func (r *request) add(f field) bool {
	switch len(f.name) {
	case 2:
		if is(f.name, "te") {
			return false
		}
	case 4:
		if is(f.name, "host") {
			if r.host != nil || len(f.value) == 0 || !only(f.value, &hostByte) {
				return false
			}
			r.host = f.value
			return true
		}
	case 6:
		if is(f.name, "expect") {
			return false
		}
		if is(f.name, "accept") && bytes.Contains(f.value, []byte("text/event-stream")) {
			return false // net/http notices when the client of a stream has gone
		}
	case 7:
		if is(f.name, "upgrade") || is(f.name, "trailer") {
			return false
		}
	case 10:
		if is(f.name, "connection") {
			r.close = is(f.value, "close")
			return r.close || is(f.value, "keep-alive")
		}
		if is(f.name, "keep-alive") {
			return true
		}
	case 14:
		if is(f.name, "content-length") {
			ok := !r.hasLength
			if ok {
				r.length, ok = length(f.value)
			}
			r.hasLength = true
			return ok
		}
		if is(f.name, "http2-settings") {
			return false
		}
	case 16:
		if is(f.name, "proxy-connection") {
			return true
		}
	case 17:
		if is(f.name, "transfer-encoding") {
			return false
		}
	case 19:
		if is(f.name, "proxy-authorization") {
			return true
		}
	}
	if !ours(f.name) {
		r.fields = append(r.fields, f)
	}
	return true
}

// ours reports whether a field says where a request came from: that is for us to say. Some languages cannot tell '-'
// from '_' in the names of headers.
func ours(name []byte) bool {
	if len(name) < 9 || name[0]|0x20 != 'x' && name[0]|0x20 != 'f' {
		return false
	}
	const prefix = "x-forwarded-"
	return is(name, "forwarded") || alike(name, "x-real-ip") || len(name) > len(prefix) && alike(name[:len(prefix)], prefix)
}

// alike is as is, for a word with '-' that may be '_' in the name.
func alike(name []byte, word string) bool {
	if len(name) != len(word) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if c == '_' {
			c = '-'
		}
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// path is the target without a query.
func (r *request) path() []byte {
	path, _, _ := bytes.Cut(r.target, []byte{'?'})
	return path
}

// header returns the value of the first field of that name, which is in lower case; nil without one.
func (r *request) header(name string) []byte {
	for _, f := range r.fields {
		if is(f.name, name) {
			return f.value
		}
	}
	return nil
}

// cookie returns the value of a cookie, nil without one.
func (r *request) cookie(name string) []byte {
	for _, f := range r.fields {
		if !is(f.name, "cookie") {
			continue
		}
		for rest := f.value; len(rest) > 0; {
			var pair []byte
			pair, rest, _ = bytes.Cut(rest, []byte{';'})
			if key, value, ok := bytes.Cut(trim(pair), []byte{'='}); ok && string(key) == name {
				return value
			}
		}
	}
	return nil
}
