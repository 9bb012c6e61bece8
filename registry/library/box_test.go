package library

import (
	"testing"

	"github.com/nsynapse/recipe/recipes"
)

// Every package of the box is found by its name, and of nothing else more is read than what was asked for.
func TestBoxReadsWhatIsAskedFor(t *testing.T) {
	b := newBox(recipes.FS)
	if got, err := b.providing("redis"); err != nil || len(got) != 1 || got[0] != "redis" {
		t.Fatalf("redis is provided by %v: %v", got, err)
	}
	if len(b.read) != 1 {
		t.Errorf("to find who provides redis, %d packages were read", len(b.read))
	}
	if len(b.names()) == 0 {
		t.Fatal("the box is empty")
	}
	for _, name := range b.names() {
		if p, err := b.open(name); err != nil || p == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBoxHasNoSuchPackage(t *testing.T) {
	b := newBox(recipes.FS)
	for _, name := range []string{"nothing", "acme/shop", "../recipes", "", ".", "redis/recipe.hcl"} {
		if p, err := b.open(name); p != nil || err != nil {
			t.Errorf("%q: %v, %v", name, p, err)
		}
	}
}
