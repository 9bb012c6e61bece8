package host_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nsynapse/recipe/providers/plugin/host"
)

// words are what plugins have said.
type words struct {
	mu    sync.Mutex
	lines []string
}

func (w *words) say(plugin, line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, plugin+": "+line)
}

func (w *words) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.lines)
}

// What a plugin writes to its standard error comes through, line by line, within bounds and without what is sensitive.
func TestSays(t *testing.T) {
	var heard words
	w := newWorld(t, host.Options{Say: heard.say})
	p := w.open("grumbles")
	if _, diags := p.Resource("note").Apply(t.Context(), creation(w.wanted("x"))); diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	eventually(t, func() bool { return len(heard.all()) >= 200 })
	lines := heard.all()
	if lines[0] != "grumbles: the seal is (sensitive)" {
		t.Errorf("it begins with %q", lines[0])
	}
	if n := len(lines[1]); n > 8<<10+len("grumbles: ") || !strings.HasPrefix(lines[1], "grumbles: zzz") {
		t.Errorf("a long line has %d bytes", n)
	}
	if lines[2] != "grumbles: line 0" || len(lines) > 250 {
		t.Errorf("there are %d lines, and the third is %q", len(lines), lines[2])
	}
	if strings.Contains(strings.Join(lines, ""), "queen") {
		t.Error("it says a secret")
	}
}
