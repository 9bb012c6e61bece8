package format

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

const messy = `app "shop" {
source="./shop" # the shop
    instances   =  2


  inputs={theme="dark"
number=1}
bind "database" {to=middleware.main}
text = <<EOT
   as it is
EOT
}

`

const tidy = `app "shop" {
  source    = "./shop" # the shop
  instances = 2


  inputs = { theme = "dark"
  number = 1 }
  bind "database" { to = middleware.main }
  text = <<EOT
   as it is
EOT
}
`

func TestFormat(t *testing.T) {
	for _, text := range []string{messy, tidy, strings.ReplaceAll(messy, "\n", "\r\n"), "\ufeff" + messy} {
		got, diags := Format([]byte(text), "stack.hcl")
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if string(got) != tidy {
			t.Errorf("got\n%s", got)
		}
	}
	if got, _ := Format(nil, "stack.hcl"); len(got) != 0 {
		t.Errorf("an empty file becomes %q", got)
	}
}

func TestRefused(t *testing.T) {
	for name, text := range map[string]string{
		"stack.hcl":      "app \"shop\" {\n",
		"bomb.hcl":       "a = " + strings.Repeat("(", 1000),
		"stack.hcl.json": "{}",
	} {
		if got, diags := Format([]byte(text), name); !diags.HasErrors() || got != nil {
			t.Errorf("%s gives %q", name, got)
		}
	}
}

// FuzzFormat holds that formatting twice is formatting once, and that what parsed still parses.
func FuzzFormat(f *testing.F) {
	f.Add([]byte(messy))
	f.Add([]byte(tidy))
	f.Fuzz(func(t *testing.T, src []byte) {
		once, diags := Format(src, "stack.hcl")
		if diags.HasErrors() {
			return
		}
		if _, diags := hclsyntax.ParseConfig(once, "stack.hcl", hcl.InitialPos); diags.HasErrors() {
			t.Fatalf("%q does not parse any more: %q", src, once)
		}
		twice, _ := Format(once, "stack.hcl")
		if !bytes.Equal(once, twice) {
			t.Errorf("%q becomes %q", once, twice)
		}
	})
}
