package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// canaries finds secrets in any bytes, as they are and in the forms that programs write texts in. Secrets may be added
// at any time, and not while another goroutine looks.
type canaries struct {
	secrets map[string]bool
	needles map[uint64][]needle // by their first eight bytes
	starts  []bool              // by their first three, to pass over most places fast
}

// needle is one form of a secret.
type needle struct {
	text   []byte
	form   string
	secret string
}

// shortestCanary is the length of a secret, in bytes, from which it is looked for: shorter ones are found by chance.
const shortestCanary = 8

func newCanaries() *canaries {
	return &canaries{secrets: map[string]bool{}, needles: map[uint64][]needle{}, starts: make([]bool, 1<<24)}
}

// add makes a secret known in all its forms.
func (c *canaries) add(secret string) {
	if len(secret) < shortestCanary || c.secrets[secret] {
		return
	}
	c.secrets[secret] = true
	for _, n := range formsOf(secret) {
		key := binary.BigEndian.Uint64(n.text)
		c.needles[key] = append(c.needles[key], n)
		c.starts[key>>40] = true
	}
}

// addLines makes a secret known together with its longer lines: what is quoted line by line is as good as whole.
func (c *canaries) addLines(secret string) {
	c.add(secret)
	for line := range strings.Lines(secret) {
		c.add(strings.TrimSpace(line))
	}
}

// formsOf are the ways to write a secret, without those that are the same for it.
func formsOf(secret string) []needle {
	quoted, _ := json.Marshal(secret) // a string always encodes
	digits := hex.EncodeToString([]byte(secret))
	forms := []needle{
		{[]byte(secret), "clear text", secret},
		{[]byte(strings.TrimSpace(secret)), "trimmed text", secret},
		{quoted[1 : len(quoted)-1], "JSON", secret},
		{[]byte(strings.Trim(fmt.Sprintf("%q", secret), `"`)), "a quoted text", secret},
		{[]byte(url.QueryEscape(secret)), "a part of a query", secret},
		{[]byte(url.PathEscape(secret)), "a part of a path", secret},
		{[]byte(digits), "hexadecimal", secret},
		{[]byte(strings.ToUpper(digits)), "HEXADECIMAL", secret},
	}
	for offset := range 3 {
		forms = append(forms,
			needle{base64Core(base64.RawStdEncoding, secret, offset), fmt.Sprint("base64 after ", offset), secret},
			needle{base64Core(base64.RawURLEncoding, secret, offset), fmt.Sprint("base64url after ", offset), secret})
	}
	var different []needle
	for _, n := range forms {
		if !slices.ContainsFunc(different, func(o needle) bool { return bytes.Equal(o.text, n.text) }) {
			different = append(different, n)
		}
	}
	return different
}

// base64Core is what secret looks like in a base64 text in which so many bytes, modulo 3, stand before it: the
// characters that depend on nothing else.
func base64Core(encoding *base64.Encoding, secret string, offset int) []byte {
	text := encoding.EncodeToString(append(make([]byte, offset), secret...))
	first := (offset*8 + 5) / 6
	last := (offset + len(secret)) * 8 / 6
	return []byte(text[first:last])
}

// in lists the forms that are in b, each once.
func (c *canaries) in(b []byte) []needle {
	var found []needle
	for i := 0; i+8 <= len(b); i++ {
		if !c.starts[int(b[i])<<16|int(b[i+1])<<8|int(b[i+2])] {
			continue
		}
		for _, n := range c.needles[binary.BigEndian.Uint64(b[i:])] {
			if bytes.HasPrefix(b[i:], n.text) && !slices.ContainsFunc(found, n.same) {
				found = append(found, n)
			}
		}
	}
	return found
}

func (n needle) same(o needle) bool { return n.form == o.form && n.secret == o.secret }

func (n needle) String() string { return fmt.Sprintf("%q as %s", n.secret, n.form) }
