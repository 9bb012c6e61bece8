package config

import (
	"testing"
	"testing/fstest"
)

// FuzzLoad looks for panics and for mistakes that go without a diagnostic.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(shop), false)
	f.Add([]byte(shopRecipe), false)
	f.Add([]byte(`{"stack": {"s": {}}, "app": {"a": {"package": "x", "inputs": {"b": "${var.c}"}}}}`), true)
	f.Add([]byte(`{"package": {"name": "a", "version": "1.0.0"}, "configure": {"file": {"x": {"content": "y"}}}}`), true)
	for _, text := range bombs(200) {
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, src []byte, json bool) {
		suffix := ""
		if json {
			suffix = ".json"
		}
		files := fstest.MapFS{"stack.hcl" + suffix: {Data: src}, "recipe.hcl" + suffix: {Data: src}}
		s, diags := Load(files, ".")
		if !diags.HasErrors() && s.Name == "" {
			t.Error("a stack without a name has no diagnostic")
		}
		r, diags := LoadRecipe(files, ".")
		if !diags.HasErrors() && (r.Name == "" || r.Version == nil) {
			t.Error("a recipe without a name has no diagnostic")
		}
		for _, d := range diags {
			if d.Summary == "" || d.Detail == "" {
				t.Errorf("an empty diagnostic: %+v", d)
			}
		}
	})
}
