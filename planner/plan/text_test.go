package plan_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/lang/addr"
	. "github.com/nsynapse/recipe/planner/plan"
)

func TestWrite(t *testing.T) {
	targeted := many(t, 1)
	targeted.Targets = []addr.Instance{at(t, "app.a0")}
	tests := []struct {
		name    string
		plan    *Plan
		options TextOptions
	}{
		{"first", firstApply(t), TextOptions{}},
		{"first-verbose", firstApply(t), TextOptions{Verbose: true}},
		{"actions", allActions(t), TextOptions{}},
		{"actions-narrow", allActions(t), TextOptions{Width: 72}},
		{"actions-verbose", allActions(t), TextOptions{Verbose: true}},
		{"actions-color", allActions(t), TextOptions{Color: true, Width: 100}},
		{"rolls", rolls(t), TextOptions{Width: 100}},
		{"rolls-verbose", rolls(t), TextOptions{Verbose: true}},
		{"many", many(t, 250), TextOptions{Width: 100}},
		{"backups", withBackups(t), TextOptions{}},
		{"destroy", destroy(t, 3), TextOptions{}},
		{"target", targeted, TextOptions{}},
		{"empty", &Plan{Stack: "shop", Kept: 12}, TextOptions{}},
		{"outputs", &Plan{Stack: "shop", Generation: 3, Kept: 12, Outputs: []OutputChange{{Name: "url", Before: `"a"`, After: `"b"`}}}, TextOptions{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Write(&b, test.plan, test.options); err != nil {
				t.Fatal(err)
			}
			golden(t, test.name+".golden", b.Bytes())
		})
	}
}

func TestLostDataIsNeverLeftOut(t *testing.T) {
	var b bytes.Buffer
	p := many(t, 300)
	lost := destroy(t, 1).Changes[1]
	lost.Needs = nil
	p.Changes = append(p.Changes, lost)
	if err := Write(&b, p, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "DATA IS DELETED") || !strings.Contains(b.String(), "/srv/shop/m0.0") {
		t.Errorf("a plan that is cut short does not tell of the data that is deleted:\n%s", b.String())
	}
}

func TestSummary(t *testing.T) {
	for want, p := range map[string]*Plan{
		"Plan: 7 to create.":              {Changes: times(7, Create)},
		"Plan: 1 to create, 2 to remove.": {Changes: append(times(2, Remove), times(1, Create)...)},
		"Plan: 3 to create, 4 to update, 3 to restart, 1 to replace, 4 to remove, 1 to forget.": allActions(t),
		"Plan: only outputs change.":                                {Outputs: []OutputChange{{Name: "a", After: "1"}}},
		"No changes. There is nothing to do.":                       {},
		"No changes. The only resource is as the stack wants it.":   {Kept: 1},
		"No changes. All 30 resources are as the stack wants them.": {Kept: 30},
	} {
		if got := p.Summary(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func times(n int, action Action) []Change {
	changes := make([]Change, n)
	for i := range changes {
		changes[i] = Change{Type: "file", Action: action}
	}
	return changes
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteReturnsTheErrorOfItsWriter(t *testing.T) {
	if err := Write(brokenWriter{}, many(t, 10), TextOptions{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkWrite(b *testing.B) {
	p := many(&testing.T{}, 10_000)
	for b.Loop() {
		if err := Write(&bytes.Buffer{}, p, TextOptions{Width: 100}); err != nil {
			b.Fatal(err)
		}
	}
}
