package config

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/diag"
)

// update rewrites the expected text in testdata.
var update = flag.Bool("update", false, "rewrite the expected text in testdata")

// TestMistakes compares what users read about their mistakes with the text in testdata, which -update rewrites.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) { mistake(t, name) })
	}
}

// mistake loads the files of one archive; a recipe.hcl alone is loaded as a recipe.
func mistake(t *testing.T, name string) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fsys, want := fstest.MapFS{}, []byte(nil)
	var rest []txtar.File
	for _, f := range archive.Files {
		if f.Name == "want" {
			want = f.Data
			continue
		}
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		rest = append(rest, f)
	}
	got := rendered(t, fsys)
	if bytes.Equal(got, want) {
		return
	}
	if !*update {
		t.Errorf("got\n%s\nwant\n%s", got, want)
		return
	}
	archive.Files = append(rest, txtar.File{Name: "want", Data: got})
	if err := os.WriteFile(name, txtar.Format(archive), 0o666); err != nil {
		t.Fatal(err)
	}
}

func rendered(t *testing.T, fsys fstest.MapFS) []byte {
	t.Helper()
	var diags hcl.Diagnostics
	var sources map[string][]byte
	if fsys["recipe.hcl"] != nil || fsys["recipe.hcl.json"] != nil {
		r, d := LoadRecipe(fsys, ".")
		diags, sources = d, r.Sources
	} else {
		s, d := Load(fsys, ".")
		diags, sources = d, s.Sources
	}
	if !diags.HasErrors() {
		t.Error("there is no mistake")
	}
	var out bytes.Buffer
	if err := diag.Write(&out, diag.From(diags, sources), false, 100); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
