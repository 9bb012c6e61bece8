package lockfile

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/solve"
)

func component(name string) addr.Component { return addr.Component{Kind: addr.Middleware, Name: name} }

// digest is one that consists of a letter.
func digest(letter string) string { return "sha256:" + strings.Repeat(letter, 64) }

// block is a package of a registry with the files.
func block(version, files string) string {
	return fmt.Sprintf("package \"acme/shop\" {\n  version = %q\n  origin = \"oci://registry.example.com\"\n  key = %q\n  release = %q\n  files = {\n%s\n  }\n}\n",
		version, "SHA256:"+strings.Repeat("k", 43), digest("a"), files)
}

func TestRoundTrip(t *testing.T) {
	lock := &solve.Lock{
		Packages: []solve.Package{{Name: "acme/shop", Version: "1.0.0", Origin: "./shop"}, {Name: "postgresql", Version: "15.0.0", Origin: "library"},
			{Name: "postgresql", Version: "16.0.0-rc.1", Origin: "library"}, {Name: "acme/theme", Version: "2.0.0", Origin: "oci://registry.example.com/team"}},
		Components: []solve.Component{{Component: component("shop")}, {Component: component("postgresql"), Package: 1, Added: "shop requires sql"},
			{Component: component("other"), Package: 2}},
		Bindings: []solve.Binding{{Service: "sql", Implementation: component("postgresql")}, {Service: "postgresql", Implementation: component("other")}},
	}
	bits := &Release{Origin: "oci://registry.example.com/team", Key: "SHA256:" + strings.Repeat("k", 43), Digest: digest("a"),
		Files: map[string]string{"any": digest("b"), "linux/amd64": digest("c")}}
	made := Of(lock, func(origin string) bool { return origin == "./shop" }, func(p solve.Package) *Release {
		if p.Name == "acme/theme" {
			return bits
		}
		return nil
	})
	want := &File{Packages: map[string][]Package{"acme/theme": {{"2.0.0", bits}}, "postgresql": {{"15.0.0", nil}, {"16.0.0-rc.1", nil}}},
		Implementations: map[string]string{"sql": "postgresql"}, Sources: map[string]string{}}
	if !reflect.DeepEqual(made, want) {
		t.Errorf("kept %+v, want %+v", made, want)
	}
	made.Sources["git::https://git.example.com/shop.git//app?ref=v2"] = strings.Repeat("1a", 20)
	if n := bytes.Count(made.Format(), []byte("source \"git::")); n != 1 {
		t.Errorf("one source is written %d times", n)
	}
	read, diags := Parse(made.Format(), Name)
	if at := read.Packages["acme/theme"][0].Release; at != nil && at.Range.Start.Line == 3 {
		at.Range = hcl.Range{}
	}
	if diags.HasErrors() || !reflect.DeepEqual(read, made) {
		t.Errorf("read %+v (%v), want %+v", read, diags, made)
	}
	if !read.Remote() {
		t.Error("acme/theme is of no registry")
	}
	read.Without("acme/theme")
	read.Without("postgresql")
	if len(read.Versions())+len(read.Implementations) > 0 || read.Remote() {
		t.Errorf("%+v is left", read)
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`package "a" {`:                   "lock:1",
		`package "a" {}`:                  `lock:1,13-13: Missing required argument`,
		`pakcage "a" { version = "1" }`:   "Unsupported block type",
		`package "a" { version = "one" }`: `"one" is not a version`,
		"package \"a\" {\n  version = " + strings.Repeat("(", 10000): "lock:2,13-14: Not a lock file",
		"package \"a\" {\n  version = " + strings.Repeat("!", 10000): "lock:2,13-14: Not a lock file",
		strings.Repeat(`a "b" {`, 10000):                             "lock:1,21-22: Not a lock file",
		// What somebody changed by hand.
		`package "acme/shop" { version = "1.0.0" }`:                                               "lock:1,1-20: Wrong digest in the lock file; acme/shop 1.0.0 has no usable origin",
		"package \"acme/shop\" {\n  version = \"1.0.0\"\n  origin = \"oci://x\"\n}":               "has no usable key",
		strings.Replace(block("1.0.0", `any = "`+digest("b")+`"`), digest("a"), "sha256:aaaa", 1): "has no usable release",
		block("1.0.0", ""):                  "has no usable files",
		block("1.0.0", `any = "sha1:0123"`): "lock:7,1-18: Wrong digest in the lock file",
		block("1.0.0", `any = "`+digest("b")+"\"\n"+`"any" = "`+digest("c")+`"`):                   "lock:8,1-82: Two digests for one version",
		block("1.0.0", `any = "`+digest("b")+`"`) + block("1.0.0", `any = "`+digest("c")+`"`):      "lock:10,1-20: Two locks for one version",
		"source \"git::x\" { commit = \"1a\" }\nsource \"git::x\" { commit = \"2b\" }\n":           "lock:2,1-16: Two commits for one source",
		"implementation \"sql\" { package = \"a\" }\nimplementation \"sql\" { package = \"b\" }\n": "lock:2,1-21: Two implementations for one service",
	} {
		if f, diags := Parse([]byte(text), "lock"); !diags.HasErrors() || !strings.Contains(diags.Error(), want) {
			t.Errorf("%.99s is %+v (%v), want %s", text, f, diags, want)
		}
	}
}
