// Package docs_test holds the pages of this directory against the program.
package docs_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/lang/function"
)

// TestFunctions demands that the table of functions lists each of them once, in the order of the alphabet.
func TestFunctions(t *testing.T) {
	page, err := os.ReadFile("language.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "<!-- functions -->")
	table, _, found := strings.Cut(table, "<!-- /functions -->")
	if !found {
		t.Fatal("language.md has no table of functions")
	}
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)\\(").FindAllStringSubmatch(table, -1) {
		listed = append(listed, row[1])
	}
	if want := slices.Sorted(maps.Keys(function.All())); !slices.Equal(listed, want) {
		for _, name := range want {
			if !slices.Contains(listed, name) {
				t.Errorf("language.md does not list %s", name)
			}
		}
		t.Errorf("language.md lists\n%q\nbut there are\n%q", listed, want)
	}
}
