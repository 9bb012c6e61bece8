package diag

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// TestUnknownAttribute has HCL itself say that an attribute is unknown: what is told beside that names the way out, and no name
// of what is marked.
func TestUnknownAttribute(t *testing.T) {
	site := cty.ObjectVal(map[string]cty.Value{"url": cty.StringVal("u"), "host": cty.UnknownVal(cty.String)})
	ctx := (&hcl.EvalContext{Variables: map[string]cty.Value{
		"app": cty.ObjectVal(map[string]cty.Value{
			"site": site,
			"many": cty.ObjectVal(map[string]cty.Value{"eu": site}),
		}),
		"var": cty.ObjectVal(map[string]cty.Value{"key": cty.ObjectVal(map[string]cty.Value{"hidden": cty.StringVal("s")}).Mark("secret")}),
	}}).NewChild()
	for text, want := range map[string]string{
		`app.site.urll`:           `an attribute named "urll". Did you mean "url"?`,
		`"at ${app.site.x} here"`: `an attribute named "x". Known are: host, url.`,
		`app.many["eu"].hots`:     `an attribute named "hots". Did you mean "host"?`,
		`var.key.hiden`:           `an attribute named "hiden".`,
	} {
		e, diags := hclsyntax.ParseExpression([]byte(text), "stack.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		_, diags = e.Value(ctx)
		if got := From(diags, nil); len(got) != 1 || !strings.HasSuffix(got[0].Detail, want) {
			t.Errorf("of %s is told %+v, want %s", text, got, want)
		}
	}
}

// TestUnknownFunction has HCL say that a function is unknown: of one that other languages have is told how it is done here, in place
// of a name that is near by chance.
func TestUnknownFunction(t *testing.T) {
	for text, want := range map[string]string{
		`file("x")`:     `function named "file". Files are not read by expressions: a recipe copies one with the resource file, and fills one in with template.`,
		`timestamp()`:   `function named "timestamp". A function gives the same value always; a random text is a secret block of a recipe.`,
		`titel("word")`: `function named "titel". Did you mean "title"?`,
	} {
		e, diags := hclsyntax.ParseExpression([]byte(text), "stack.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		_, diags = e.Value(&hcl.EvalContext{Functions: map[string]function.Function{"title": stdlib.TitleFunc}})
		if got := From(diags, nil); len(got) != 1 || !strings.HasSuffix(got[0].Detail, want) {
			t.Errorf("of %s is told %+v, want %s", text, got, want)
		}
	}
}
