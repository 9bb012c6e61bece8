package index

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/planner/catalog"
)

func TestRead(t *testing.T) {
	c, err := Read("index.json", []byte(`{
		"format": [1, {"packages": null}],
		"packages": {
			"a b@c": {"1.0.0": {"depends": {"é\u00e9\"": "^1"}, "requires": {"sql": ">= 1"}}},
			"éé\"": {"1.5": {"depends": null, "provides": {"sql": "1"}}, "2": {}}
		}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	need, err := ParseNeed("a b@c@^1")
	if err != nil {
		t.Fatal(err)
	}
	got := catalog.NewResolver(c).Resolve([]catalog.Need{need})
	if want := map[string]string{"a b@c": "1.0.0", `éé"`: "1.5"}; !maps.Equal(got.Versions, want) {
		t.Errorf("chose %v, want %v", got.Versions, want)
	}
}

func TestBadIndex(t *testing.T) {
	for text, want := range map[string]string{
		``:                                 "i:1: the index must be an object, not the end",
		`[]`:                               "i:1: the index must be an object, not a list",
		`{}`:                               `i:1: there is no "packages"`,
		"{\"packages\":\n[]}":              "i:2: packages must be an object, not a list",
		"{\"packages\": {}\n}}":            "i:2: the index is followed by '}'",
		"{\"packages\": {}\n":              "i:2: the index goes on with the end",
		`{"packages": {"": {}}}`:           "i:1: a package has an empty name",
		"{\"packages\": {\"a\":\n{\"v1\"":  "i:2: a colon is missing",
		`{"packages": {"a": {"v1": {}}}}`:  `i:1: "v1" is not a version`,
		`{"packages": {"a": {"1": 3}}}`:    "i:1: a version must be an object, not '3'",
		`{"packages": {"a": {}, "a": {}}}`: `i:1: packages has "a" twice`,
		`{"packages": {"a": {"1": {"depend": {}}}}}`:                   `Did you mean "depends"?`,
		"{\"packages\": {\"a\": {\"1\": {\"depends\":\n{\"b\": 1}}}}}": "i:2: the constraint of b must be a string, not '1'",
		`{"packages": {"a": {"1": {"depends": {"b": "~1"}}}}}`:         `i:1: b: "~1" is not a version constraint`,
		`{"packages": {"a": {"1": {"depends": {"": "1"}}}}}`:           "a package has an empty name",
		`{"packages": {"a": {"1": {"requires": {"": "1"}}}}}`:          "a service has an empty name",
		`{"packages": {"a": {"1": {"provides": {"": "1"}}}}}`:          "a service has an empty name",
		`{"packages": {"a": {"1": {"provides": {"s": "^1"}}}}}`:        `"^1" is not a version`,
		"{\"packages\": {\"a\n":                                        "a string does not end",
		`{"packages": {"\q": {}}}`:                                     "not a string",
		`{"other": tru}`:                                               "not JSON",
	} {
		if _, err := Read("i", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: said %v, want %s", text, err, want)
		}
	}
}

func TestParseNeed(t *testing.T) {
	for text, want := range map[string]string{"a": "a *", "a@^1": "a ^1", "@a/b@1": "@a/b 1", "a@": "a "} {
		n, err := ParseNeed(text)
		if got := n.Name + " " + n.Constraint.String(); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "@1", "a@b"} {
		if n, err := ParseNeed(text); err == nil {
			t.Errorf("%q is %v", text, n)
		}
	}
}

func TestParseQuery(t *testing.T) {
	q, err := ParseQuery([]byte(`{"id": "7", "roots": {"b": "1", "a": ""}}`))
	if err != nil || string(q.ID) != `"7"` || len(q.Roots) != 2 || q.Roots[0].Name != "a" {
		t.Errorf("read %+v (%v)", q, err)
	}
	for _, text := range []string{``, `{}`, `{"roots": {"a": 1}}`, `{"roots": {"a": "v"}}`, `{"roots": {"": "1"}}`} {
		if q, err := ParseQuery([]byte(text)); err == nil {
			t.Errorf("%s is %+v", text, q)
		}
	}
}

// FuzzRead demands that what is read as an index is JSON, and that nothing makes the reader fall over.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"packages": {"a": {"1.0.0": {"depends": {"b": "^1"}, "provides": {"s": "1"}}}}, "x": [1, "\u00e9"]}`))
	f.Add([]byte(`{"packages": {"a": null}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := Read("i", text); err == nil && !json.Valid(text) {
			t.Errorf("%q is an index, but no JSON", text)
		}
	})
}
