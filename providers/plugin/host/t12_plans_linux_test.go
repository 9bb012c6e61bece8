package host_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/providers/plugin/host"
)

// failsPlans is what is said of plugins that fail in a Plan.
var failsPlans = map[string]string{
	"plans-garbage":    "what it plans: it is no JSON",
	"plans-nothing":    "it plans nothing where something is wanted",
	"plans-absence":    "it plans nothing where something is wanted",
	"plans-fog":        "unknown as a whole",
	"plans-other":      `it plans the attribute "text" in another way than it is wanted`,
	"plans-foreign":    `unsupported attribute "colour"`,
	"plans-null":       `it plans nothing for the computed attribute "size"`,
	"plans-nowhere":    `there is no "colour"`,
	"plans-hidden":     `it plans the attribute "text" in another way`,
	"plans-indiscreet": `the attribute "label" shows a sensitive value`,
	"plans-bomb":       "more than 100000 parts",
	"plans-anew":       "it plans to replace what is not there",
	"plans-many":       "more attributes than there are",
	"plans-crowd":      "it has more than 200000 pieces",
	"plans-secret":     "its reason shows a sensitive value",
	"planless":         "its schema says that the type draft plans, and it has no plan for it",
	"crashes-planning": "the plugin crashes-planning failed: its process ended: exit status 7",
	"panics-planning":  "the plugin panicked: the ink is dry, in ",
	"refuses-planning": "there is no paper: not before Monday",
	"hangs-planning":   "said nothing for 8s",
}

// T12: whatever a plugin does when it is asked for a plan, there is no plan, and it is said why, in time; we do not grow, and nothing
// is left running.
func TestT12FailsPlans(t *testing.T) {
	watch := watchMemory(t)
	for _, fault := range slices.Sorted(maps.Keys(failsPlans)) {
		t.Run(fault, func(t *testing.T) { failPlan(t, fault, failsPlans[fault]) })
	}
	growth := watch()
	if growth > maxGrowth {
		t.Errorf("we grew by %d MiB", growth>>20)
	}
	torture.Report(t, "T12", "%d ways to fail in a plan, memory grew by %d MiB at most", len(failsPlans), growth>>20)
}

func failPlan(t *testing.T, fault, want string) {
	w := newWorld(t, host.Options{})
	begin := time.Now()
	p, diags := draftOf(t, w.open(fault)).Plan(t.Context(), planOf(w.wanted("x")))
	if took := time.Since(begin); took > maxTime {
		t.Errorf("it took %s", took)
	}
	if !said(diags, want) {
		t.Errorf("it plans %#v and says %v, not %q", p, diags.Err(), want)
	}
	if err := diags.Err(); err != nil && (strings.Contains(err.Error(), "queen") || len(err.Error()) > 8000) {
		t.Errorf("it says %.200s…, in %d bytes", err, len(err.Error()))
	}
	w.host.Close()
	noOrphans(t, w.dir)
}
