package config

import (
	"bytes"
	"unicode/utf8"
)

// measure checks HCL text against the limits in one pass over its bytes. It understands what nearly every file is
// made of; what is rare and intricate (heredocs, $${ escapes, broken strings and comments) it leaves to hclsyntax's own
// lexer, which takes several times as long. A fuzz test holds the two together.
func measure(src []byte) *limitError {
	if !utf8.Valid(src) {
		return measureTokens(src)
	}
	s := scanner{src: src, meter: newMeter()}
	err := s.run()
	if s.odd {
		return measureTokens(src)
	}
	return err
}

// scanner is the cheap lexer.
type scanner struct {
	src   []byte
	pos   int
	meter *meter
	odd   bool // something that it does not understand
}

func (s *scanner) run() *limitError {
	for s.pos < len(s.src) && !s.odd {
		var err *limitError
		if s.meter.top().kind == '"' {
			err = s.str()
		} else {
			err = s.code()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// code reads one token outside of strings.
func (s *scanner) code() *limitError {
	at, c := s.pos, s.src[s.pos]
	s.pos++
	switch {
	case c == ' ' || c == '\t' || c == '\r':
	case c == '\n':
		s.meter.newline()
	case isWordStart(c):
		for s.pos < len(s.src) && isWord(s.src[s.pos]) {
			s.pos++
		}
		return s.meter.word(s.src[at:s.pos], at)
	case isDigit(c):
		s.digits()
		s.meter.operand()
		return number(s.src[at:s.pos], at)
	case c == '"':
		return s.meter.push('"', at)
	case c == '#' || c == '/' && s.peek() == '/':
		s.lineComment()
	case c == '/' && s.peek() == '*':
		s.blockComment()
	case c == '<' && s.peek() == '<':
		s.odd = true
	default:
		return s.symbol(c, at)
	}
	return nil
}

func (s *scanner) symbol(c byte, at int) *limitError {
	switch c {
	case '(', '[', '{':
		return s.meter.push(c, at)
	case ')', ']', '}':
		s.meter.close(c)
	case ',':
		s.meter.comma()
	case '.', ':', ';', '~':
		// Attributes and the parts of a condition make no level of their own.
		s.meter.operand()
	default:
		return s.meter.operator(at)
	}
	return nil
}

// close pops what c closes. Unlike the parser it does not mind which bracket it is, but a brace alone ends an
// interpolation, as for hclsyntax's lexer.
func (m *meter) close(c byte) {
	k := m.top().kind
	if c != '}' && (k == '{' || k == '$' || k == '%') {
		return
	}
	if c == '}' {
		// The lexer returns from an interpolation at its brace, whatever else is open within.
		for k := m.top().kind; k == '(' || k == '['; k = m.top().kind {
			m.pop()
		}
	}
	m.pop()
	m.top().operator = false
}

// str reads within a string up to its end or to an interpolation.
func (s *scanner) str() *limitError {
	for s.pos < len(s.src) {
		at, c := s.pos, s.src[s.pos]
		s.pos++
		switch c {
		case '"':
			s.meter.pop()
			return nil
		case '\\':
			if next := s.peek(); next == '\n' || next == '\r' || next == 0 {
				s.odd = true
				return nil
			}
			s.pos++
		case '\n', '\r':
			s.odd = true
			return nil
		case '$', '%':
			switch s.peek() {
			case c:
				s.odd = true
				return nil
			case '{':
				s.pos++
				if s.peek() == '~' {
					s.pos++
				}
				return s.meter.push(c, at)
			}
		}
	}
	return nil
}

func (s *scanner) peek() byte {
	if s.pos < len(s.src) {
		return s.src[s.pos]
	}
	return 0
}

// digits reads the rest of a number: digits, dots and exponents.
func (s *scanner) digits() {
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		if !isDigit(c) && c != '.' {
			n := exponent(s.src[s.pos:])
			if n == 0 {
				return
			}
			s.pos += n
			continue
		}
		s.pos++
	}
}

// exponent is the length of an exponent's first characters, 0 when text does not begin with one.
func exponent(text []byte) int {
	if len(text) < 2 || text[0] != 'e' && text[0] != 'E' {
		return 0
	}
	if isDigit(text[1]) {
		return 2
	}
	if (text[1] == '+' || text[1] == '-') && len(text) > 2 && isDigit(text[2]) {
		return 3
	}
	return 0
}

func (s *scanner) lineComment() {
	i := bytes.IndexByte(s.src[s.pos:], '\n')
	if i < 0 {
		s.pos = len(s.src)
		return
	}
	s.pos += i
}

func (s *scanner) blockComment() {
	i := bytes.Index(s.src[s.pos+1:], []byte("*/"))
	if i < 0 {
		s.odd = true
		return
	}
	s.pos += i + 3
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}

func isWord(c byte) bool { return isWordStart(c) || isDigit(c) || c == '-' }
