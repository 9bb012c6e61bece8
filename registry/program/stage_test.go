package program_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/plugin"
	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/program"
)

// TestMain makes this test binary a plugin when it is started as one.
func TestMain(m *testing.M) {
	if os.Getenv(protocol.CookieKey) == "" {
		os.Exit(m.Run())
	}
	plugin.Serve(notes{})
}

// notes is a provider of one type, of which nothing is ever made.
type notes struct{}

func (notes) Schema() sdk.Schema {
	return sdk.Schema{Types: map[string]sdk.TypeSchema{"demo_note": {Attributes: map[string]sdk.Attribute{"text": {Type: cty.String, Required: true}}}}}
}

func (notes) Resource(string) sdk.Resource { return nil }

// author is the directory of a plugin's author.
type author struct {
	t   *testing.T
	dir string
}

// newAuthor has a recipe, and a script that is a plugin at bin/notes.
func newAuthor(t *testing.T, name, rest string) author {
	a := author{t, t.TempDir()}
	a.write("recipe.hcl", "package {\n name = \""+name+"\"\n version = \"1.0.0\"\n kind = \"plugin\"\n"+rest+"\n}\n", 0o644)
	us, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	a.write("bin/notes", "#!/bin/sh\nexec "+us+"\n", 0o755)
	return a
}

func (a author) write(name, text string, mode os.FileMode) {
	a.t.Helper()
	file := filepath.Join(a.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		a.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		a.t.Fatal(err)
	}
}

// stage stages what the author has.
func (a author) stage(dirs map[string]string) (*registry.Manifest, map[string]string, error) {
	a.t.Helper()
	m, diags := registry.Describe(os.DirFS(a.dir))
	if diags.HasErrors() {
		a.t.Fatal(diags)
	}
	if dirs == nil {
		dirs = map[string]string{registry.AnyPlatform: a.dir}
	}
	made, err := program.Stage(a.t.Context(), m, dirs, a.t.TempDir())
	return m, made, err
}

// files lists the files below dir.
func files(t *testing.T, dir string) []string {
	var list []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && path != dir {
			name, _ := filepath.Rel(dir, path) // it is below
			list = append(list, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Each platform gets the program for it, the schema that the program for this machine tells, and what is not ignored. The
// author's directory stays as it is.
func TestStage(t *testing.T) {
	a := newAuthor(t, "acme/demo", `program = { "`+registry.Platform()+`" = "bin/notes", "plan9/mips" = "bin/plan9/mips/notes" }`)
	a.write("bin/plan9/mips/notes", "not for us", 0o755)
	a.write("notes.go", "source", 0o644)
	a.write("words", "help", 0o644)
	a.write(".recipeignore", "*.go\n*.json\n", 0o644)
	before := files(t, a.dir)
	m, made, err := a.stage(nil)
	if err != nil {
		t.Fatal(err)
	}
	for platform, want := range map[string][]string{
		registry.Platform(): {"bin", "bin/notes", "recipe.hcl", wire.SchemaFile, "words"},
		"plan9/mips":        {"bin", "bin/plan9", "bin/plan9/mips", "bin/plan9/mips/notes", "recipe.hcl", wire.SchemaFile, "words"},
	} {
		if got := files(t, made[platform]); !slices.Equal(got, want) {
			t.Errorf("for %s there are %q, want %q", platform, got, want)
		}
		text, err := os.ReadFile(filepath.Join(made[platform], wire.SchemaFile))
		want, _ := wire.WriteSchema(notes{}.Schema()) // it is sound
		if err != nil || !bytes.Equal(text, want) {
			t.Errorf("the schema is %s (%v), want %s", text, err, want)
		}
		if m.Plugin.Schema != digest.FromBytes(text) {
			t.Errorf("signed is %s", m.Plugin.Schema)
		}
	}
	if len(made) != 2 || !slices.Equal(m.Plugin.Types, []string{"demo_note"}) || !slices.Equal(m.Plugin.Protocols, []int{1}) {
		t.Errorf("made %v with %+v", made, m.Plugin)
	}
	if after := files(t, a.dir); !slices.Equal(before, after) {
		t.Errorf("the author's directory has %q, and had %q", after, before)
	}
}

// A script is for all platforms, and directories for some may be given.
func TestPlatforms(t *testing.T) {
	a := newAuthor(t, "acme/demo", `program = "bin/notes"`)
	for _, platforms := range [][]string{{registry.AnyPlatform}, {"plan9/mips", registry.Platform()}} {
		dirs := map[string]string{}
		for _, p := range platforms {
			dirs[p] = a.dir
		}
		_, made, err := a.stage(dirs)
		if got := slices.Sorted(maps.Keys(made)); err != nil || len(got) != len(platforms) {
			t.Errorf("for %v there are %v (%v)", platforms, got, err)
		}
	}
}

// What cannot be published is told before anything is.
func TestRefusals(t *testing.T) {
	ours := `program = { "` + registry.Platform() + `" = "bin/notes" }`
	for name, c := range map[string]struct {
		name, rest, want string
		change           func(a author)
	}{
		"not built":    {"acme/demo", `program = "bin/other"`, "there is no program bin/other in the package", nil},
		"ignored":      {"acme/demo", ours, "see that .recipeignore does not leave it out", func(a author) { a.write(".recipeignore", "bin/\n", 0o644) }},
		"directory":    {"acme/demo", `program = "bin"`, "bin is no file", nil},
		"not allowed":  {"acme/demo", ours, "chmod +x bin/notes", func(a author) { _ = os.Chmod(filepath.Join(a.dir, "bin/notes"), 0o644) }},
		"in the way":   {"acme/demo", ours, "publishing makes that file", func(a author) { a.write(wire.SchemaFile, "{}", 0o644) }},
		"not portable": {"acme/demo", `program = "bin/notes"`, `program = { "` + registry.Platform() + `" = "bin/notes" }`, func(a author) { a.write("bin/notes", "\x7fELF", 0o755) }},
		"elsewhere":    {"acme/demo", `program = { "plan9/mips" = "bin/notes" }`, "acme/demo is for plan9/mips, and this is", nil},
		"no plugin":    {"acme/demo", ours, "does not begin as a plugin does", func(a author) { a.write("bin/notes", "#!/bin/sh\necho hello\n", 0o755) }},
		"another's":    {"acme/other", ours, "it supplies the type demo_note, and the types of a provider called acme/other begin with other_", nil},
		"link to there": {"acme/demo", ours, "bin/notes is no file", func(a author) {
			_ = os.Rename(filepath.Join(a.dir, "bin/notes"), filepath.Join(a.dir, "bin/real"))
			_ = os.Symlink("real", filepath.Join(a.dir, "bin/notes"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthor(t, c.name, c.rest)
			if c.change != nil {
				c.change(a)
			}
			if _, _, err := a.stage(nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says %v, want %q", err, c.want)
			}
		})
	}
}
