package index

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// scanner walks through JSON text. Unlike encoding/json it knows at which line it is, and does not pass over an object that
// has a key twice.
type scanner struct {
	name string // of the file
	text []byte
	at   int
}

// fail is an error at the current line.
func (s *scanner) fail(format string, args ...any) error { return s.failAt(s.at, format, args...) }

func (s *scanner) failAt(at int, format string, args ...any) error {
	line := 1 + bytes.Count(s.text[:min(at, len(s.text))], []byte("\n"))
	return fmt.Errorf("%s:%d: %w", s.name, line, fmt.Errorf(format, args...))
}

// peek returns the next character that is no space, 0 at the end.
func (s *scanner) peek() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// take passes over a character, if it is the next one.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// found names what comes next, for messages.
func (s *scanner) found() string {
	switch c := s.peek(); {
	case c == 0:
		return "the end"
	case c == '"':
		return "a string"
	case c == '{':
		return "an object"
	case c == '[':
		return "a list"
	default:
		r, _ := utf8.DecodeRune(s.text[s.at:])
		return fmt.Sprintf("%q", r)
	}
}

// object calls member for each key, which has to read the value. null is an object without members.
func (s *scanner) object(what string, member func(key string, at int) error) error {
	if s.peek() == 'n' && bytes.HasPrefix(s.text[s.at:], []byte("null")) {
		s.at += len("null")
		return nil
	}
	if !s.take('{') {
		return s.fail("%s must be an object, not %s", what, s.found())
	}
	if s.take('}') {
		return nil
	}
	seen := map[string]bool{}
	for {
		s.peek()
		at := s.at
		key, err := s.string("a name")
		if err != nil {
			return err
		}
		if seen[key] {
			return s.failAt(at, "%s has %q twice", what, key)
		}
		seen[key] = true
		if !s.take(':') {
			return s.fail("a colon is missing after %q; there is %s", key, s.found())
		}
		if err := member(key, at); err != nil {
			return err
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.fail("%s goes on with %s instead of a comma or }", what, s.found())
		}
	}
}

// string reads a string.
func (s *scanner) string(what string) (string, error) {
	if s.peek() != '"' {
		return "", s.fail("%s must be a string, not %s", what, s.found())
	}
	from, plain := s.at, true
	for s.at++; s.at < len(s.text) && s.text[s.at] != '"'; s.at++ {
		switch c := s.text[s.at]; {
		case c == '\\':
			plain = false
			s.at++
		case c < ' ' || c >= utf8.RuneSelf:
			plain = false
		}
	}
	if s.at >= len(s.text) {
		s.at = from
		return "", s.fail("a string does not end")
	}
	s.at++
	if plain {
		return string(s.text[from+1 : s.at-1]), nil
	}
	var text string
	if err := json.Unmarshal(s.text[from:s.at], &text); err != nil {
		return "", s.failAt(from, "not a string: %w", err)
	}
	return text, nil
}

// skip passes over a value of any kind.
func (s *scanner) skip() error {
	s.peek()
	decoder := json.NewDecoder(bytes.NewReader(s.text[s.at:]))
	var value json.RawMessage
	if err := decoder.Decode(&value); err != nil {
		return s.fail("not JSON: %w", err)
	}
	s.at += int(decoder.InputOffset())
	return nil
}
