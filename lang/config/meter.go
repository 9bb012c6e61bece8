package config

import (
	"bytes"
	"fmt"
)

// meter follows the tokens of a file and knows how deep the parser's recursion would be. It never counts less than
// the parser descends; on files that are not valid it may count more.
type meter struct {
	levels []level
	open   int // levels that count as nesting
	chain  int // operators on all open levels
	loops  int // for expressions and %{ for } that are open

	maxLoops int
}

// level is one open bracket, interpolation or string; the first one is the file.
type level struct {
	kind  byte // '(' '[' '{', '$' for ${, '%' for %{, '"' for a string or heredoc, 0 for the file
	fresh bool // no token yet
	// ops counts the operators of the expression being read. A comma ends it, and so does a newline between braces,
	// unless the next line goes on with an operator: pending is set from that newline to the next token.
	ops      int
	pending  bool
	operator bool // the last token was an operator
	loops    int
}

func newMeter() *meter { return &meter{levels: []level{{fresh: true}}, maxLoops: maxLoops} }

func (m *meter) top() *level { return &m.levels[len(m.levels)-1] }

// push opens a level. Brackets count as operators of the level around them, since indexes make chains; strings and
// interpolations stand side by side.
func (m *meter) push(kind byte, offset int) *limitError {
	if kind == '"' || kind == '$' || kind == '%' {
		m.operand()
	} else if err := m.operator(offset); err != nil {
		return err
	}
	m.top().operator = false
	if kind != '"' {
		if m.open++; m.open > maxNesting {
			return &limitError{offset, "Nested too deeply", fmt.Sprintf("More than %d brackets, braces and interpolations are open here. Name inner parts with locals.", maxNesting)}
		}
	}
	m.levels = append(m.levels, level{kind: kind, fresh: true})
	return nil
}

// pop closes the innermost level; a close bracket too many is the parser's business.
func (m *meter) pop() {
	if len(m.levels) == 1 {
		return
	}
	l := m.top()
	m.chain -= l.ops
	m.loops -= l.loops
	if l.kind != '"' {
		m.open--
	}
	m.levels = m.levels[:len(m.levels)-1]
}

// operator counts an operator, and whatever else makes the tree of an expression deeper.
func (m *meter) operator(offset int) *limitError {
	l := m.top()
	l.fresh, l.pending, l.operator = false, false, true
	return m.deepen(l, offset)
}

func (m *meter) deepen(l *level, offset int) *limitError {
	l.ops++
	if m.chain++; m.chain > maxChain {
		return &limitError{offset, "Expression too long", fmt.Sprintf("This expression joins more than %d operators, indexes and conditions. Name parts of it with locals.", maxChain)}
	}
	return nil
}

// operand ends a line's expression for good when the next line begins with a word, number or string.
func (m *meter) operand() {
	l := m.top()
	if l.pending {
		m.chain -= l.ops
		l.ops = 0
	}
	l.fresh, l.pending, l.operator = false, false, false
}

func (m *meter) comma() {
	l := m.top()
	m.chain -= l.ops
	*l = level{kind: l.kind, loops: l.loops}
}

func (m *meter) newline() {
	l := m.top()
	if (l.kind == '{' || l.kind == 0) && !l.operator {
		l.pending = true
	}
}

// word looks for the `for` that opens a loop and for %{ if }, which nests as well.
func (m *meter) word(text []byte, offset int) *limitError {
	l := m.top()
	fresh := l.fresh
	m.operand()
	if !fresh {
		return nil
	}
	switch l.kind {
	case '[', '{':
		if string(text) == "for" {
			return m.loop(l, offset)
		}
	case '%':
		return m.control(string(text), offset)
	}
	return nil
}

// control follows the first word of a %{ }, whose if and for nest within the string around it.
func (m *meter) control(word string, offset int) *limitError {
	template := &m.levels[len(m.levels)-2]
	switch word {
	case "for":
		if err := m.loop(template, offset); err != nil {
			return err
		}
		return m.deepen(template, offset)
	case "if":
		return m.deepen(template, offset)
	case "endfor", "endif":
		if word == "endfor" && template.loops > 0 {
			template.loops--
			m.loops--
		}
		if template.ops > 0 {
			template.ops--
			m.chain--
		}
	}
	return nil
}

func (m *meter) loop(l *level, offset int) *limitError {
	l.loops++
	if m.loops++; m.maxLoops == 0 {
		return &limitError{offset, "No loops in JSON", "A JSON file holds no for expressions. Write the elements out, or put this part into a .hcl file beside it."}
	} else if m.loops > maxLoops {
		return &limitError{offset, "Loops nested too deeply", fmt.Sprintf("At most %d for expressions may be nested. Name the inner ones with locals.", maxLoops)}
	}
	return nil
}

// number checks a number literal.
func number(text []byte, offset int) *limitError {
	if len(text) > maxNumber {
		return &limitError{offset, "Number too long", fmt.Sprintf("A number may have at most %d characters.", maxNumber)}
	}
	if e := bytes.IndexAny(text, "eE"); e >= 0 && len(bytes.TrimLeft(text[e+1:], "+-0")) > maxExponent {
		return &limitError{offset, "Number too big", fmt.Sprintf("The exponent of a number may have at most %d digits.", maxExponent)}
	}
	return nil
}
