package lockfile

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"pgregory.net/rapid"
)

// TestStrange holds the quick look against the lexer of HCL: what it lets through has only the words that a lock file has, and
// nests no deeper.
func TestStrange(t *testing.T) {
	pieces := []string{`"`, `\"`, `\`, "$", "%", "{", "}", "${", "$${", "#", "//", "/*", "*/", "/", "\n", " ", "a", "-", "1", ".", "=", "(", "[", ",", "<<A", "~", "é", "\t", `a = "b"`}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 30).Draw(t, "text"), "")
		if strange([]byte(text), "lock") == nil && lexed(text) {
			t.Fatalf("%q is let through", text)
		}
	})
	for _, text := range []string{string((&File{}).Format()), block("1.0.0", `any = "`+digest("b")+`"`), debBlock("a b=1", "debian 12", "a 1 a"), "a = \"x\" // {{{\n/* {{{ */ b = \"$x %y\"\n"} {
		if at := strange([]byte(text), "lock"); at != nil {
			t.Errorf("%q is strange at %v", text, at)
		}
	}
}

// lexed reports whether the lexer finds something in the text that would have the parser go into an expression, or too deep.
func lexed(text string) bool {
	tokens, _ := hclsyntax.LexConfig([]byte(text), "lock", hcl.InitialPos)
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace:
			depth++
		case hclsyntax.TokenCBrace:
			depth--
		case hclsyntax.TokenOParen, hclsyntax.TokenOBrack, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl, hclsyntax.TokenOHeredoc, hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenNumberLit:
			return true
		}
		if depth > maxDepth {
			return true
		}
	}
	return false
}
