package web

// token says which bytes a method or the name of a header may have (RFC 9110, 5.6.2).
var token = func() (table [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		table[c] = true
	}
	return table
}()

// text says which bytes the value of a header may have: anything but controls, tab excepted.
var text = func() (table [256]bool) {
	for c := range table {
		table[c] = c >= ' ' && c != 0x7f || c == '\t'
	}
	return table
}()

// visible says which bytes the target of a request may have here. A client that writes another one is left to net/http.
var visible = func() (table [256]bool) {
	for c := byte('!'); c <= '~'; c++ {
		table[c] = c != '#' && c != '"' && c != '<' && c != '>' && c != '\\' && c != '^' && c != '`' && c != '{' && c != '|' && c != '}'
	}
	return table
}()

// hostByte says which bytes a Host may have here: names, IPv4 addresses and a port.
var hostByte = func() (table [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") {
		table[c] = true
	}
	return table
}()

func only(b []byte, table *[256]bool) bool {
	for _, c := range b {
		if !table[c] {
			return false
		}
	}
	return true
}

// is reports whether b is word, which is in lower case, but for the case of ASCII letters.
func is(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i := range b {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// trim takes spaces and tabs off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// length reads a Content-Length; ok is false for anything but 1 to 18 digits.
func length(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}
