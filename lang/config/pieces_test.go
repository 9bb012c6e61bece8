package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// torn are files in which a line with nothing but a brace is not the end of a block.
var torn = []string{
	"a = <<X\n}\nX\n",
	"a = <<X\nx\n",
	"a \"b\" {\n}\n/*\n}\n*/\n",
	"a {\nb = {\n}\nc = 1\n}\n",
	"a = [\n{\n}\n,\n]\n",
	"a = \"${\n{\n}\n}\"\n",
	"a {\n}\n}\n",
	"a = 1\nb {\n}\na = 2\n",
	"\xef\xbb\xbfa {\n}\nb = 1\n",
	"a {\n}\n\xef\xbb\xbfb = 1\n",
	"a {\n  b = \"é\u0301\"\n}\nc {\n}\r\n\nd = 1",
}

// FuzzPieces holds files that are parsed in pieces to the same ones parsed as a whole.
func FuzzPieces(f *testing.F) {
	for _, text := range append(torn, shop, shopRecipe, strings.Repeat("app \"a\" {\n  inputs = {\n    b = app.c.url\n  }\n}\n\n", 20)) {
		f.Add([]byte(text), 1)
		f.Add([]byte(text), 50)
	}
	f.Fuzz(func(t *testing.T, src []byte, size int) {
		if size < 0 || measure(src) != nil {
			return
		}
		whole, diags := parsePiece(piece{text: src, start: hcl.InitialPos}, "x.hcl")
		body := parsePieces(pieces(src, size), "x.hcl")
		if body != nil && len(diags) > 0 {
			t.Fatalf("the pieces of %q are right, and the whole is not: %s", src, diags)
		}
		if body != nil && !reflect.DeepEqual(body, whole) {
			t.Fatalf("the pieces of %q are not the whole", src)
		}
	})
}

func TestPiecesAreUsed(t *testing.T) {
	list := pieces([]byte(strings.Repeat("app \"a\" {\n  package = \"b\"\n}\n", 10)), 50)
	if len(list) < 5 {
		t.Errorf("%d pieces", len(list))
	}
	if body := parsePieces(list, "x.hcl"); body == nil || len(body.Blocks) != 10 {
		t.Errorf("the pieces stand for %+v", body)
	}
}
