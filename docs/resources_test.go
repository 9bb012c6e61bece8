package docs_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/bus"
	"github.com/nsynapse/recipe/executor/local"
	"github.com/nsynapse/recipe/executor/router"
	"github.com/nsynapse/recipe/lang/function"
	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/sdk"
)

var update = flag.Bool("update", false, "write the generated pages anew")

const intro = `# Resource types

Generated from the schemas: ` + "`go test ./docs -update`" + ` writes this page, and ` + "`go test ./docs`" + ` fails when it is not up to date.

What a recipe writes in ` + "`configure`, `install` and `bind`" + ` are resources: ` + "`TYPE \"NAME\" { … }`" + `. How and where is in
[recipes.md](recipes.md).

* **set by**: "recipe" is yours to write; "type" is worked out and can be read as ` + "`configure.TYPE.NAME.ATTRIBUTE`" + `,
  ` + "`install.TYPE.NAME.ATTRIBUTE` or `bind.TYPE.NAME.ATTRIBUTE`" + `; "engine" is filled in for you.
* **change**: "replace" means that a change deletes the thing and makes a new one; "restart" that a process is stopped and
  started. Otherwise it is changed in place.
`

// TestResources demands that resources.md says what the schemas say.
func TestResources(t *testing.T) {
	provider, err := sdk.Union(builtin.New(builtin.Options{}), bus.Provider(), local.New(local.Options{}), router.NewEndpoints(nil, nil), router.NewRoutes(router.Addresses{}, nil))
	if err != nil {
		t.Fatal(err)
	}
	types := provider.Schema().Types
	writable := writableTypes(t)
	var page bytes.Buffer
	page.WriteString(intro)
	for _, name := range slices.Sorted(maps.Keys(types)) {
		if slices.Contains(writable, name) {
			settable, needed := writableAttributes(t, name)
			describe(&page, name, types[name], settable, needed)
		}
	}
	page.WriteString("\n# Types of the engine's own\n\nRecipes do not write these as resources; they come from other blocks and stand in plans.\n")
	for _, name := range slices.Sorted(maps.Keys(types)) {
		if !slices.Contains(writable, name) {
			describe(&page, name, types[name], nil, nil)
		}
	}
	if *update {
		if err := os.WriteFile("resources.md", page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile("resources.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, page.Bytes()) {
		t.Error("resources.md is not what the schemas say; write it anew with: go test ./docs -update")
	}
}

// describe writes one type. settable are the attributes that a recipe may write, needed those that it has to.
func describe(w *bytes.Buffer, name string, schema sdk.TypeSchema, settable, needed []string) {
	fmt.Fprintf(w, "\n## %s\n\n%s\n", name, schema.Description)
	for _, mark := range []struct {
		set  bool
		text string
	}{
		{schema.Shared, "It lives in the store, shared by all components and stacks; removing it from a stack deletes nothing."},
		{schema.Data, "Deleting it deletes data, which the plan says."},
		{schema.Machine, "It changes the machine outside RECIPE_HOME, which the plan says."},
	} {
		if mark.set {
			fmt.Fprintf(w, "%s\n", mark.text)
		}
	}
	w.WriteString("\n| attribute | type | set by | default | change | meaning |\n|---|---|---|---|---|---|\n")
	for _, attribute := range slices.Sorted(maps.Keys(schema.Attributes)) {
		a := schema.Attributes[attribute]
		fmt.Fprintf(w, "| `%s` | %s | %s | %s | %s | %s |\n", attribute, typeText(a), setBy(attribute, a, settable, needed), defaultText(a), changeText(a), a.Description)
	}
	for _, attribute := range settable {
		if _, ok := schema.Attributes[attribute]; !ok {
			fmt.Fprintf(w, "| `%s` |  | recipe, optional |  |  | %s |\n", attribute, rendered[attribute])
		}
	}
}

// rendered are the attributes of template that the language takes before the type sees it.
var rendered = map[string]string{
	"source": "A payload file of the package with `${…}` and `%{…}`, whose names are those of vars. Needed unless content is written.",
	"vars":   "The object of what the template may name.",
}

func typeText(a sdk.Attribute) string {
	text := a.Type.FriendlyName()
	if a.Type.IsObjectType() {
		text = "object: " + strings.Join(slices.Sorted(maps.Keys(a.Type.AttributeTypes())), ", ")
	}
	if a.Sensitive {
		text += ", sensitive"
	}
	return text
}

func setBy(name string, a sdk.Attribute, settable, needed []string) string {
	switch {
	case slices.Contains(needed, name):
		return "recipe"
	case slices.Contains(settable, name):
		return "recipe, optional"
	case a.Computed:
		return "type"
	}
	return "engine"
}

func defaultText(a sdk.Attribute) string {
	if a.Default == cty.NilVal {
		return ""
	}
	text, err := function.JSON(a.Default)
	if err != nil {
		return a.Default.GoString()
	}
	return "`" + text.AsString() + "`"
}

func changeText(a sdk.Attribute) string {
	switch {
	case a.Replace:
		return "replace"
	case a.Restart:
		return "restart"
	}
	return ""
}

// writableTypes lists the types that recipes may write, as the message about an unknown one tells them.
func writableTypes(t *testing.T) []string {
	t.Helper()
	return listed(t, mistakes(t, "no_such_type"), `There is no resource type "no_such_type"; there is ([^.]*)\.`)
}

// writableAttributes lists what recipes may and have to write in a type, as the messages about mistakes tell it.
func writableAttributes(t *testing.T, typ string) (settable, needed []string) {
	t.Helper()
	messages := mistakes(t, typ)
	for _, m := range regexp.MustCompile(typ+` needs the attribute "([^"]+)"`).FindAllStringSubmatch(messages, -1) {
		needed = append(needed, m[1])
	}
	return listed(t, messages, typ+` has no attribute "no_such_attribute"; it has ([^.]*)\.`), needed
}

// listed returns the names that a message lists.
func listed(t *testing.T, messages, pattern string) []string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(messages)
	if m == nil {
		t.Fatalf("no message like %q in:\n%s", pattern, messages)
	}
	return strings.Split(m[1], ", ")
}

// mistakes returns the messages about a recipe with an empty resource of that type and an attribute that no type has.
func mistakes(t *testing.T, typ string) string {
	t.Helper()
	dir := t.TempDir()
	recipe := "package {\n  name    = \"a\"\n  version = \"1.0.0\"\n}\nconfigure {\n  " + typ + " \"x\" {\n    no_such_attribute = 1\n  }\n}\n"
	for name, text := range map[string]string{"stack.hcl": "stack \"docs\" {}\napp \"a\" { source = \"./a\" }\n", "a/recipe.hcl": recipe} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	checked, err := agent.Check(t.Context(), t.TempDir(), agent.PlanRequest{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	var messages []string
	for _, d := range checked.Diagnostics {
		messages = append(messages, d.Detail)
	}
	return strings.Join(messages, "\n")
}
