package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

var errCut = errors.New("the text ends too early")

// scanner reads the tokens of JSON text. Spaces may stand between any two.
type scanner struct {
	text []byte
	pos  int
}

// next skips spaces and returns the byte there, 0 at the end.
func (s *scanner) next() byte {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) unexpected() error {
	if s.pos >= len(s.text) {
		return errCut
	}
	return fmt.Errorf("unexpected %q at byte %d", s.text[s.pos], s.pos)
}

// end reports what stands behind the value.
func (s *scanner) end() error {
	if s.next(); s.pos < len(s.text) {
		return s.unexpected()
	}
	return nil
}

// last reads one byte that has to be there.
func (s *scanner) last(c byte) error {
	if s.next() != c {
		return s.unexpected()
	}
	s.pos++
	return nil
}

func (s *scanner) word(w string) error {
	if len(s.text)-s.pos < len(w) || string(s.text[s.pos:s.pos+len(w)]) != w {
		return s.unexpected()
	}
	s.pos += len(w)
	return nil
}

// more reads a comma, or the closing bracket.
func (s *scanner) more(closing byte) (bool, error) {
	switch s.next() {
	case ',':
		s.pos++
		return true, nil
	case closing:
		s.pos++
		return false, nil
	}
	return false, s.unexpected()
}

// key reads a string and the colon behind it.
func (s *scanner) key() (string, error) {
	s.next()
	key, err := s.str()
	if err != nil {
		return "", err
	}
	return key, s.last(':')
}

// str reads a string. Sound text without escapes is taken as it is; the rest is left to encoding/json.
func (s *scanner) str() (string, error) {
	if s.pos >= len(s.text) || s.text[s.pos] != '"' {
		return "", s.unexpected()
	}
	begin, escaped := s.pos, false
	for s.pos++; s.pos < len(s.text); s.pos++ {
		switch s.text[s.pos] {
		case '\\':
			escaped = true
			s.pos++
		case '"':
			s.pos++
			if inner := s.text[begin+1 : s.pos-1]; !escaped && utf8.Valid(inner) {
				return string(inner), nil
			}
			var text string
			err := json.Unmarshal(s.text[begin:s.pos], &text)
			return text, err
		}
	}
	return "", errCut
}

// digits reads a number: a small whole one as such with no text, any other as its text. Exponents are never written,
// and not read either: a few of their digits would stand for gigabytes of zeros.
func (s *scanner) digits() (text string, small int64, err error) {
	begin := s.pos
	for s.pos < len(s.text) && isNumber(s.text[s.pos]) {
		s.pos++
	}
	if s.pos == begin {
		return "", 0, s.unexpected()
	}
	text = string(s.text[begin:s.pos])
	if small, err := strconv.ParseInt(text, 10, 64); err == nil {
		return "", small, nil
	}
	return text, 0, nil
}

func isNumber(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '.'
}
