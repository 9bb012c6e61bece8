package config

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// bombs are texts that exhaust the stack, the memory or the patience of an HCL parser that is given them.
func bombs(n int) map[string]string {
	value := func(s string) string { return "locals {\n  a = " + s + "\n}\n" }
	return map[string]string{
		"parentheses":     value(strings.Repeat("(", n)),
		"brackets":        value(strings.Repeat("[", n)),
		"braces":          value(strings.Repeat("{a=", n)),
		"blocks":          strings.Repeat("a {\n", n),
		"interpolations":  value(strings.Repeat(`"${`, n)),
		"unary":           value(strings.Repeat("!", n)),
		"minus":           value(strings.Repeat("-", n)),
		"sum":             value("1" + strings.Repeat("+1", n)),
		"sum over lines":  value("(1" + strings.Repeat("\n+1", n) + ")"),
		"conditions":      value(strings.Repeat("true?1:", n) + "1"),
		"indexes":         value("a" + strings.Repeat("[b]", n)),
		"splats":          value("a" + strings.Repeat("[*]", n)),
		"calls":           value(strings.Repeat("f(", n)),
		"heredoc":         value("<<EOT\n" + strings.Repeat("${\"", n) + "\nEOT"),
		"in a heredoc":    value("<<EOT\n${" + strings.Repeat("(", n) + "}\nEOT"),
		"template if":     value(`"` + strings.Repeat("%{ if true }", n) + `"`),
		"trimmed if":      value(`"` + strings.Repeat("%{~ if true }", n) + `"`),
		"long number":     value(strings.Repeat("9", n)),
		"huge number":     value("1e999999999"),
		"nested for":      value("[for a in b : [for c in b : [for d in b : d]]]"),
		"template for":    value(`"%{ for a in b }%{ for c in b }%{ for d in b }x%{ endfor }%{ endfor }%{ endfor }"`),
		"mixed for":       value(`[for a in b : {for c in b : c => "%{ for d in b }x%{ endfor }"}]`),
		"for object":      value("{for a in b : a => 1" + strings.Repeat("\n+1", n) + "}"),
		"unclosed":        value(`"` + strings.Repeat("(", n)),
		"comment":         value("/*" + strings.Repeat("(", n)),
		"escaped":         value(`"$${${` + strings.Repeat("(", n)),
		"invalid unicode": "\xff" + value(strings.Repeat("(", n)),
	}
}

// refused fails when text is accepted, or takes too long to refuse.
func refused(t *testing.T, filename, text string) {
	t.Helper()
	start := time.Now()
	_, diags := Load(fstest.MapFS{filename: {Data: []byte(text)}}, filename)
	if !diags.HasErrors() {
		t.Fatal("it is accepted")
	}
	// Far above what it takes, for slow machines and the race detector.
	if took := time.Since(start); took > explosion {
		t.Errorf("it takes %s", took)
	}
}

// explosion is far above what a refusal takes, even with the race detector on a busy machine, and far below what a bomb
// takes that goes off.
const explosion = 30 * time.Second

func TestBombs(t *testing.T) {
	for name, text := range bombs(100_000) {
		t.Run(name, func(t *testing.T) { refused(t, "stack.hcl", text) })
	}
}

func TestJSONBombs(t *testing.T) {
	n := 100_000
	for name, text := range map[string]string{
		"brackets":   strings.Repeat("[", n),
		"braces":     strings.Repeat(`{"a":`, n),
		"closed":     strings.Repeat("]", n),
		"number":     `{"locals": {"a": ` + strings.Repeat("9", n) + `}}`,
		"exponent":   `{"locals": {"a": 1e999999999}}`,
		"template":   `{"locals": {"a": "${` + strings.Repeat("(", n) + `"}}`,
		"escaped":    `{"locals": {"a": "\u0024\u007b` + strings.Repeat("(", n) + `"}}`,
		"nested for": `{"locals": {"a": "${[for a in b : [for c in b : [for d in b : d]]]}"}}`,
		"type":       `{"stack": {"s": {}}, "variable": {"a": {"type": "` + strings.Repeat("list(", n) + `"}}}`,
		"garbage":    strings.Repeat("a", n),
	} {
		t.Run(name, func(t *testing.T) { refused(t, "stack.hcl.json", text) })
	}
}

func TestNoText(t *testing.T) {
	for _, name := range []string{"stack.hcl", "stack.hcl.json"} {
		_, diags := Load(fstest.MapFS{name: {Data: []byte("\x7fELF\x02\x01\x01\x00((((")}}, name)
		if len(diags) != 1 || diags[0].Summary != "Not a text file" {
			t.Errorf("a program as %s gives %v", name, diags)
		}
	}
}

func TestSizes(t *testing.T) {
	comment := "#" + strings.Repeat("x", maxRecipeBytes)
	_, diags := LoadRecipe(fstest.MapFS{"recipe.hcl": {Data: []byte(comment)}}, ".")
	if len(diags) == 0 || diags[0].Summary != "File too big" {
		t.Errorf("a recipe that is too big gives %v", diags)
	}
	if _, diags := loadText("stack \"s\" {}\n" + comment); diags.HasErrors() {
		t.Errorf("a stack of that size gives %v", diags)
	}
	files := fstest.MapFS{}
	for i := range maxFiles + 1 {
		files[fmt.Sprintf("%d.hcl", i)] = &fstest.MapFile{}
	}
	if _, diags := Load(files, "."); len(diags) == 0 || diags[0].Summary != "Too many files" {
		t.Errorf("too many files give %v", diags)
	}
}

// Ordinary files must stay far below the limits.
func TestWithinLimits(t *testing.T) {
	for _, text := range []string{
		shop, shopRecipe,
		"a = {\n" + strings.Repeat("  b = 1 + 1\n", 10_000) + "}\n",
		"a = [\n" + strings.Repeat("  -1,\n", 10_000) + "]\n",
		strings.Repeat("a = x[0].y ? \"${b}\" : -1 # + + +\n", 10_000),
		"a = \"" + strings.Repeat("${b}", 10_000) + "\"\n",
		"a = <<EOT\n" + strings.Repeat("${b} - + %{ for x in y }${x}%{ endfor }\n", 3000) + "EOT\n",
		"a = [for x in y : [for z in x : z]]\nb = [for x in y : [for z in x : z]]\n",
	} {
		if err := measure([]byte(text)); err != nil {
			t.Errorf("%.40q: %s", text, err.summary)
		}
		if err := measureTokens([]byte(text)); err != nil {
			t.Errorf("%.40q by tokens: %s", text, err.summary)
		}
	}
}

// FuzzMeasure holds the cheap scanner to hclsyntax's own lexer: what the tokens do not allow, it must not allow.
func FuzzMeasure(f *testing.F) {
	for _, text := range bombs(10) {
		f.Add([]byte(text))
	}
	f.Add([]byte(shop))
	f.Fuzz(func(t *testing.T, src []byte) {
		// Limits so low that short inputs reach them: each byte stands for ten of its kind.
		src = stretch(src)
		exact := measureTokens(src)
		if exact == nil {
			return
		}
		if _, diags := hclsyntax.LexConfig(src, "", hcl.InitialPos); diags.HasErrors() {
			return // the parser stops at the first mistake of the lexer
		}
		if measure(src) == nil {
			t.Errorf("%q passes, but its tokens do not: %s", src, exact.summary)
		}
	})
}

func stretch(src []byte) []byte {
	var out []byte
	for _, c := range src {
		n := 1
		if strings.IndexByte("([{!+-", c) >= 0 {
			n = 60
		}
		for range n {
			out = append(out, c)
		}
	}
	return out
}
