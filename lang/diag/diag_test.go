package diag

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

const source = "app \"shop\" {\n  foo = \"ä\"\n  bar = 2\n}\n"

// at is the range of the first occurrence of text, which has no newline, in source.
func at(text string) *hcl.Range {
	i := strings.Index(source, text)
	line := strings.Count(source[:i], "\n") + 1
	column := i - strings.LastIndexByte(source[:i], '\n')
	return &hcl.Range{
		Filename: "stack.hcl",
		Start:    hcl.Pos{Line: line, Column: column, Byte: i},
		End:      hcl.Pos{Line: line, Column: column + len([]rune(text)), Byte: i + len(text)},
	}
}

func mistakes() hcl.Diagnostics {
	return hcl.Diagnostics{
		{Severity: hcl.DiagError, Summary: "Unsupported argument", Detail: `There is no bar. Did you mean "baz"?`, Subject: at("bar")},
		{Severity: hcl.DiagWarning, Summary: "Odd value", Detail: "One.\n  by hand", Subject: at(`"ä"`)},
		{Severity: hcl.DiagError, Summary: "Unsupported argument", Detail: `There is no bar. Did you mean "baz"?`, Subject: at("bar")},
		{Severity: hcl.DiagError, Summary: "No file"},
	}
}

func sources() map[string][]byte { return map[string][]byte{"stack.hcl": []byte(source)} }

// TestWriteWholeFile has a file without a place in it: no line 0 is told.
func TestWriteWholeFile(t *testing.T) {
	var out strings.Builder
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Cannot", Subject: &hcl.Range{Filename: "acme/shop@1.0.0/recipe.hcl"}}
	if err := Write(&out, From(hcl.Diagnostics{d}, nil), false, 80); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "  on acme/shop@1.0.0/recipe.hcl\n") {
		t.Errorf("written:\n%s", got)
	}
}

func TestWrite(t *testing.T) {
	var out strings.Builder
	if err := Write(&out, From(mistakes(), sources()), false, 80); err != nil {
		t.Fatal(err)
	}
	want := `╷
│ Error: No file
╵
╷
│ Warning: Odd value
│
│   on stack.hcl:2:9, in app "shop"
│     2:   foo = "ä"
│                ^^^
│
│ One.
│   by hand
╵
╷
│ Error: Unsupported argument
│
│   on stack.hcl:3:3, in app "shop"
│     3:   bar = 2
│          ^^^
│
│ There is no bar.
│ Did you mean "baz"?
╵
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}

// TestWriteLongLine shows what is around the mistake, whole letters only.
// TestWriteForeignText has what programs write for a terminal: colours go, and nothing steers ours.
func TestWriteForeignText(t *testing.T) {
	for text, want := range map[string]string{
		"\x1b[1;31mred\x1b[0m and \x1b[38:5:1m\x1b[2Jplain": "red and plain",
		"\x1b]0;title\x07\rx":                               "?]0;title??x",
		"cut \x1b[31":                                       "cut ?[31",
		"no end \x1b[3\nx":                                  "no end ?[3?x",
		"\x1b[\x1b[0m.":                                     "?[.",
	} {
		var out strings.Builder
		if err := Write(&out, []Diagnostic{{Severity: Error, Summary: text}}, false, 0); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "Error: "+want+"\n") {
			t.Errorf("%q is shown as\n%s", text, out.String())
		}
	}
}

// TestWriteLongSummary has one that is longer than the screen: it stays in its box, and is one line where there is no screen.
func TestWriteLongSummary(t *testing.T) {
	long := Diagnostic{Severity: Error, Summary: "app.shop[0].step.migrate: the command failed: migrate ended with exit status 3; its last lines:"}
	var screen, file strings.Builder
	if err := errors.Join(Write(&screen, []Diagnostic{long}, false, 40), Write(&file, []Diagnostic{long}, false, 0)); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(screen.String()) {
		if utf8.RuneCountInString(strings.TrimSpace(line)) > 40 || !strings.ContainsAny(line[:3], "╷│╵") {
			t.Errorf("%q leaves the box", line)
		}
	}
	if got := strings.Join(strings.Fields(strings.ReplaceAll(screen.String(), "│", "")), " "); !strings.Contains(got, "Error: "+long.Summary) {
		t.Errorf("words are missing in\n%s", screen.String())
	}
	if !strings.Contains(file.String(), "│ Error: "+long.Summary+"\n") {
		t.Errorf("without a screen it is\n%s", file.String())
	}
}

func TestWriteLongLine(t *testing.T) {
	long := "a = [" + strings.Repeat("ä, ", 1000) + "]"
	at := strings.Index(long[301:], "ä") + 301
	from := hcl.Pos{Line: 1, Column: 1 + utf8.RuneCountInString(long[:at]), Byte: at}
	to := hcl.Pos{Line: 1, Column: from.Column + 1, Byte: at + len("ä")}
	mistake := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Odd", Subject: &hcl.Range{Filename: "stack.hcl", Start: from, End: to}}
	var out strings.Builder
	if err := Write(&out, From(hcl.Diagnostics{mistake}, map[string][]byte{"stack.hcl": []byte(long)}), false, 80); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	marked, under := []rune(lines[4]), []rune(lines[5])
	if len(marked) > 130 || len(under) > len(marked) || marked[len(under)-1] != 'ä' || !utf8.ValidString(out.String()) || strings.Count(out.String(), "…") != 2 {
		t.Errorf("got\n%s", out.String())
	}
}

func TestWriteMany(t *testing.T) {
	var diags []Diagnostic
	for range 60 {
		diags = append(diags, Diagnostic{Severity: Error, Summary: "x\x1b[2J"})
	}
	var out strings.Builder
	if err := Write(&out, diags, false, 0); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "Error:"); n != 50 || !strings.HasSuffix(out.String(), "... and 10 more\n") {
		t.Errorf("%d are printed, the end is %q", n, out.String()[out.Len()-20:])
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("a foreign escape reaches the terminal")
	}
	out.Reset()
	if err := Write(&out, diags[:1], true, 0); err != nil || !strings.Contains(out.String(), "\x1b[31m╷") {
		t.Errorf("without color: %q, %v", out.String(), err)
	}
}

func TestJSON(t *testing.T) {
	got, err := json.Marshal(From(mistakes()[:1], sources())[0])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"severity":"error","summary":"Unsupported argument","detail":"There is no bar. Did you mean \"baz\"?",` +
		`"range":{"filename":"stack.hcl","start":{"line":3,"column":3,"byte":28},"end":{"line":3,"column":6,"byte":31}},` +
		`"snippet":{"context":"app \"shop\"","code":"  bar = 2","start_line":3,"highlight_start_offset":2,"highlight_end_offset":5}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A range that does not fit the source, which a file changed meanwhile gives, must do no harm.
func TestForeignRange(t *testing.T) {
	for _, r := range [][2]int{{-1, 2}, {5, 2}, {0, 10_000}} {
		d := &hcl.Diagnostic{Summary: "x", Subject: &hcl.Range{
			Filename: "stack.hcl", Start: hcl.Pos{Byte: r[0]}, End: hcl.Pos{Byte: r[1]},
		}}
		if got := From(hcl.Diagnostics{d}, sources()); got[0].Snippet != nil {
			t.Errorf("%v has a snippet", r)
		}
	}
	long := map[string][]byte{"stack.hcl": []byte(strings.Repeat("x", 1<<20))}
	d := &hcl.Diagnostic{Summary: "x", Subject: &hcl.Range{Filename: "stack.hcl", Start: hcl.Pos{Byte: 1 << 19}, End: hcl.Pos{Byte: 1<<19 + 1}}}
	if s := From(hcl.Diagnostics{d}, long)[0].Snippet; s == nil || len(s.Code) > maxSnippet {
		t.Error("a long line is not cut")
	}
}

func TestSuggest(t *testing.T) {
	names := []string{"instances", "package", "source", "web", "app"}
	for name, want := range map[string]string{
		"instanses": "instances", "pakage": "package", "sorce": "source", "wbe": "web", "ap": "app",
		"x": "", "": "", "database": "", "theme": "", "package": "",
	} {
		if got := Suggest(name, names); got != want {
			t.Errorf("%q leads to %q and not to %q", name, got, want)
		}
	}
}
