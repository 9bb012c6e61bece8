package supervisor_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/supervisor"
)

// Each process ends when those that need it are gone, and the one that is to be last after all; the next boot starts them again.
func TestHaltEndsUsersFirst(t *testing.T) {
	f := newFixture(t, options())
	said := func() []string {
		text, _ := os.ReadFile(f.path("said"))
		return strings.Fields(string(text))
	}
	var specs []supervisor.Spec
	for name, needs := range map[string][]string{"router": nil, "db": nil, "shop": {"db"}, "front": {"shop", "db"}, "alone": nil} {
		// Who is needed ends at once, and who needs it after a while: without an order it would be the other way round.
		delay := map[string]string{"front": "0.3", "shop": "0.2"}[name]
		script := "trap 'sleep 0" + delay + "; echo " + name + " >> said; exit 0' TERM; touch " + name + ".up; while :; do sleep 0.01; done"
		spec := f.sh(name, script, needs...)
		spec.Startup = supervisor.Check{Probe: file(f.path(name + ".up")), Interval: time.Millisecond}
		specs = append(specs, spec)
	}
	f.must(f.Boot(t.Context(), specs))
	for _, name := range []string{"router", "db", "shop", "front", "alone"} {
		f.wait(name, supervisor.Ready)
	}
	f.must(f.Halt(context.Background(), func(address string) bool { return strings.HasPrefix(address, "router") }))
	order := said()
	before := func(a, b string) {
		if i, j := slices.Index(order, a), slices.Index(order, b); i < 0 || i > j {
			t.Errorf("%s did not end before %s: %q", a, b, order)
		}
	}
	before("front", "shop")
	before("shop", "db")
	before("db", "router")
	before("alone", "router")
	if len(order) != len(specs) {
		t.Errorf("ended: %q", order)
	}
	next := f.again()
	defer next.Close()
	next.must(next.Boot(t.Context(), specs))
	next.wait("front", supervisor.Ready)
	next.must(next.Halt(context.Background(), func(string) bool { return true }))
}
