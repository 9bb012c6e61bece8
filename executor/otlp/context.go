package otlp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// A Context names one span in one trace. The zero value names none.
type Context struct {
	Trace   [16]byte
	Span    [8]byte
	Sampled bool // whether spans of this trace are kept
}

// Valid reports whether c names a span.
func (c Context) Valid() bool { return c.Trace != [16]byte{} && c.Span != [8]byte{} }

// Parse reads a traceparent: version, trace, span and flags, in hexadecimal with hyphens between. Of a later version what is
// known is read. It returns the zero value for anything else.
func Parse(text string) Context {
	words := strings.Split(text, "-")
	if len(words) < 4 || len(words[0]) != 2 || words[0] == "ff" || words[0] == "00" && len(words) != 4 || strings.ToLower(text) != text {
		return Context{}
	}
	var c Context
	var version, flags [1]byte
	for i, to := range [][]byte{version[:], c.Trace[:], c.Span[:], flags[:]} {
		if len(words[i]) != 2*len(to) {
			return Context{}
		}
		if _, err := hex.Decode(to, []byte(words[i])); err != nil {
			return Context{}
		}
	}
	c.Sampled = flags[0]&1 == 1
	if !c.Valid() {
		return Context{}
	}
	return c
}

// String is the traceparent; "" for the zero value.
func (c Context) String() string {
	if !c.Valid() {
		return ""
	}
	flags := "00"
	if c.Sampled {
		flags = "01"
	}
	return "00-" + hex.EncodeToString(c.Trace[:]) + "-" + hex.EncodeToString(c.Span[:]) + "-" + flags
}

// Begin is a new span in the trace of c, or in a new trace if c is none.
func (c Context) Begin() Context {
	if !c.Valid() {
		c.Sampled = true
		_, _ = rand.Read(c.Trace[:]) // which never fails
	}
	_, _ = rand.Read(c.Span[:])
	return c
}

// Part is the span below c of that name. Whoever knows c and the name knows it too, so that two processes can speak of one
// span without asking each other.
func (c Context) Part(name string) Context {
	if !c.Valid() {
		return c
	}
	sum := sha256.Sum256(append(append(c.Trace[:], c.Span[:]...), name...))
	copy(c.Span[:], sum[:])
	return c
}
