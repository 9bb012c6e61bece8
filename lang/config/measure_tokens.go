package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// measureTokens checks HCL text against the limits with hclsyntax's own lexer, which does not recurse.
func measureTokens(src []byte) *limitError {
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	return feed(newMeter(), tokens)
}

// measureTemplate checks the text of a JSON string, which is a template. HCL parses it only when it is evaluated, so
// that its loops could not be metered: there are none.
func measureTemplate(src []byte) *limitError {
	tokens, _ := hclsyntax.LexTemplate(src, "", hcl.InitialPos)
	m := newMeter()
	m.maxLoops = 0
	if err := m.push('"', 0); err != nil {
		return err
	}
	return feed(m, tokens)
}

func feed(m *meter, tokens hclsyntax.Tokens) *limitError {
	for _, t := range tokens {
		if err := m.token(t); err != nil {
			return err
		}
	}
	return nil
}

func (m *meter) token(t hclsyntax.Token) *limitError {
	at := t.Range.Start.Byte
	switch t.Type {
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen:
		return m.push(t.Bytes[0], at)
	case hclsyntax.TokenCBrace, hclsyntax.TokenTemplateSeqEnd:
		m.close('}')
	case hclsyntax.TokenCBrack, hclsyntax.TokenCParen:
		m.close(t.Bytes[0])
	case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		return m.push(t.Bytes[0], at)
	case hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
		return m.push('"', at)
	case hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
		m.closeString()
	case hclsyntax.TokenIdent:
		return m.word(t.Bytes, at)
	case hclsyntax.TokenNumberLit:
		m.operand()
		return number(t.Bytes, at)
	case hclsyntax.TokenNewline:
		m.newline()
	case hclsyntax.TokenComment:
		// A line comment takes the newline with it.
		if n := len(t.Bytes); n > 0 && t.Bytes[n-1] == '\n' {
			m.newline()
		}
	case hclsyntax.TokenComma:
		m.comma()
	case hclsyntax.TokenDot, hclsyntax.TokenColon, hclsyntax.TokenSemicolon,
		hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit, hclsyntax.TokenQuotedNewline, hclsyntax.TokenEOF:
		m.operand()
	default:
		return m.operator(at)
	}
	return nil
}

// closeString pops the string, and what was left open within it.
func (m *meter) closeString() {
	for k := m.top().kind; k != '"' && k != 0; k = m.top().kind {
		m.pop()
	}
	m.pop()
}
