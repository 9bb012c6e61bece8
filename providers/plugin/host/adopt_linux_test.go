package host_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nsynapse/recipe/providers/plugin/host"
)

// A host that comes after one that was killed finds the plugin that still runs, and calls it.
func TestAdoption(t *testing.T) {
	w := newWorld(t, host.Options{})
	w.open("sound")
	before, err := os.ReadFile(filepath.Join(w.host.Dir, "run", "sound"))
	if err != nil {
		t.Fatal(err)
	}
	next := host.New(w.host.Options) // while the first lies there as if it were dead
	p, err := next.Open(t.Context(), "sound", "/nowhere", "sound")
	if err != nil {
		t.Fatal(err)
	}
	r := creation(w.wanted("x"))
	if _, diags := p.Resource("note").Apply(t.Context(), r); diags.HasErrors() {
		t.Fatalf("it does not find the plugin: %v", diags.Err())
	}
	next.Sweep()
	if after, err := os.ReadFile(filepath.Join(w.host.Dir, "run", "sound")); err != nil || string(after) != string(before) {
		t.Errorf("it does not keep the plugin that it uses: %s, %v", after, err)
	}
	next.Close()
	noOrphans(t, w.dir)
}

// A plugin of a host that was killed, which nobody needs, is ended. What merely has its number is left alone.
func TestSweep(t *testing.T) {
	w := newWorld(t, host.Options{})
	w.open("sound")
	next := host.New(w.host.Options)
	us := []byte(`{"pid": 1234567, "started": 1}`)
	if err := os.WriteFile(filepath.Join(w.host.Dir, "run", "other"), us, 0o600); err != nil {
		t.Fatal(err)
	}
	next.Sweep()
	eventually(t, func() bool { return orphans(t, w.dir) == "" })
	if left, _ := filepath.Glob(filepath.Join(w.host.Dir, "run", "*")); len(left) > 0 {
		t.Errorf("records are left: %v", left)
	}
}
