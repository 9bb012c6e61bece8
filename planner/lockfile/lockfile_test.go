package lockfile

import (
	"reflect"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/solve"
)

func component(name string) addr.Component { return addr.Component{Kind: addr.Middleware, Name: name} }

func TestRoundTrip(t *testing.T) {
	lock := &solve.Lock{
		Packages: []solve.Package{{Name: "acme/shop", Version: "1.0.0", Origin: "./shop"}, {Name: "postgresql", Version: "15.0.0", Origin: "library"},
			{Name: "postgresql", Version: "16.0.0-rc.1", Origin: "library"}},
		Components: []solve.Component{{Component: component("shop")}, {Component: component("postgresql"), Package: 1, Added: "shop requires sql"},
			{Component: component("other"), Package: 2}},
		Bindings: []solve.Binding{{Service: "sql", Implementation: component("postgresql")}, {Service: "postgresql", Implementation: component("other")}},
	}
	made := Of(lock, func(origin string) bool { return origin == "./shop" })
	want := &File{Versions: map[string][]string{"postgresql": {"15.0.0", "16.0.0-rc.1"}}, Implementations: map[string]string{"sql": "postgresql"}, Sources: map[string]string{}}
	if !reflect.DeepEqual(made, want) {
		t.Errorf("kept %+v, want %+v", made, want)
	}
	made.Sources["git::https://git.example.com/shop.git//app?ref=v2"] = strings.Repeat("1a", 20)
	read, diags := Parse(made.Format(), Name)
	if diags.HasErrors() || !reflect.DeepEqual(read, made) {
		t.Errorf("read %+v (%v), want %+v", read, diags, made)
	}
	read.Without("postgresql")
	if len(read.Versions)+len(read.Implementations) > 0 {
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
		strings.Repeat(`a "b" {`, 10000):                             "lock:1,14-15: Not a lock file",
	} {
		if f, diags := Parse([]byte(text), "lock"); !diags.HasErrors() || !strings.Contains(diags.Error(), want) {
			t.Errorf("%.99s is %+v (%v), want %s", text, f, diags, want)
		}
	}
}
