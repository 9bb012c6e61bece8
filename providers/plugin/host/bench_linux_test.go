package host_test

import (
	"testing"

	"github.com/nsynapse/recipe/providers/plugin/host"
)

// BenchmarkStart is the time from nothing to the answer of the first call, the program in the page cache.
func BenchmarkStart(b *testing.B) {
	w := newWorld(b, host.Options{})
	p := w.open("sound")
	id := creation(w.wanted("x")).Identity
	for b.Loop() {
		b.StopTimer()
		p.Kill()
		b.StartTimer()
		if _, diags := p.Resource("note").Read(b.Context(), id); diags.HasErrors() {
			b.Fatal(diags.Err())
		}
	}
}

// BenchmarkCall is the time of a call of a plugin that runs.
func BenchmarkCall(b *testing.B) {
	w := newWorld(b, host.Options{})
	p := w.open("sound")
	id := creation(w.wanted("x")).Identity
	for b.Loop() {
		if _, diags := p.Resource("note").Read(b.Context(), id); diags.HasErrors() {
			b.Fatal(diags.Err())
		}
	}
}

// BenchmarkPlan is the time of a plan of one thing by a plugin that runs.
func BenchmarkPlan(b *testing.B) {
	w := newWorld(b, host.Options{})
	planner := draftOf(b, w.open("sound"))
	q := planOf(w.wanted("x"))
	for b.Loop() {
		if _, diags := planner.Plan(b.Context(), q); diags.HasErrors() {
			b.Fatal(diags.Err())
		}
	}
}
