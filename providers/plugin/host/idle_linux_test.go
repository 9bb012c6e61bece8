package host_test

import (
	"sync"
	"testing"
	"time"

	"github.com/nsynapse/recipe/providers/plugin/host"
	"github.com/nsynapse/recipe/providers/sdk"
)

// The process of a plugin that nobody calls ends. A call is never cut off by that, and the next one starts it again.
func TestIdle(t *testing.T) {
	w := newWorld(t, host.Options{Idle: time.Millisecond})
	note := w.open("sound").Resource("note")
	eventually(t, func() bool { return orphans(t, w.dir) == "" })
	r := creation(w.wanted("x"))
	made, diags := note.Apply(t.Context(), r)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 5 {
				id := sdk.Identity{Address: r.Address, Stack: r.Stack, Known: made}
				if now, diags := note.Read(t.Context(), id); diags.HasErrors() || now.IsNull() {
					t.Errorf("a call fails: %v", diags.Err())
				}
			}
		})
	}
	wait.Wait()
	eventually(t, func() bool { return orphans(t, w.dir) == "" })
}
