package host_test

import (
	"strings"
	"testing"

	"github.com/nsynapse/recipe/providers/plugin/host"
	"github.com/nsynapse/recipe/providers/sdk"
)

// A plugin tells how its things are, if it can; whatever goes wrong with that is told, and the plugin is of use as before.
func TestStatus(t *testing.T) {
	for fault, want := range map[string]string{
		"sound": "none", "tells-status-not": "none", "tells-status": "backoff 3 x", "tells-status-panicking": "the ink is dry",
		"tells-status-oddly": "not a word such as ready", "tells-status-badly": "it is dark",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, host.Options{})
			r := w.open(fault).Resource("note")
			if _, diags := r.Apply(t.Context(), creation(w.wanted("x"))); diags.HasErrors() {
				t.Fatal(diags.Err())
			}
			s, diags := r.(sdk.Observer).Status(t.Context(), sdk.Identity{Address: "app.a", Stack: "s", Known: w.wanted("x")})
			if got := statusText(s, diags); !strings.Contains(got, want) {
				t.Errorf("it says %q, want %q", got, want)
			}
			if v, diags := r.Read(t.Context(), sdk.Identity{Address: "app.a", Stack: "s", Known: w.wanted("x")}); diags.HasErrors() || v.IsNull() {
				t.Errorf("then it reads %v: %v", v, diags.Err())
			}
		})
	}
}

func statusText(s *sdk.Status, diags sdk.Diagnostics) string {
	switch {
	case diags.HasErrors():
		return diags.Err().Error()
	case s == nil:
		return "none"
	}
	return strings.Join([]string{s.State, string(rune('0' + s.Restarts)), s.Message}, " ")
}
