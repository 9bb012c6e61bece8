package wire_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// A status arrives as it was sent.
func TestStatusArrives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := sdk.Status{State: rapid.SampledFrom([]string{"ready", "crash-loop", "gone"}).Draw(t, "state"), Ready: rapid.Bool().Draw(t, "ready"),
			PID: rapid.IntRange(0, 1<<22).Draw(t, "pid"), Restarts: rapid.IntRange(0, 1<<31-1).Draw(t, "restarts"), Message: rapid.StringMatching(`[a-zé ]{0,50}`).Draw(t, "message")}
		if since := rapid.Int64Range(0, 1<<62).Draw(t, "since"); since > 0 {
			want.Since = time.Unix(0, since)
		}
		got, err := wire.ToStatus(wire.FromStatus(&want))
		if err != nil || *got != want {
			t.Errorf("%+v arrives as %+v: %v", want, got, err)
		}
	})
	if got, err := wire.ToStatus(wire.FromStatus(nil)); got != nil || err != nil {
		t.Errorf("none arrives as %+v: %v", got, err)
	}
}

// What cannot be is refused, and what is long is cut.
func TestStatusIsBounded(t *testing.T) {
	for _, m := range []*protocol.Status{{}, {State: "it's ready"}, {State: strings.Repeat("x", 40)}, {State: "ready", Pid: -1}, {State: "ready", Restarts: 1 << 40}, {State: "ready", Since: -1}} {
		if s, err := wire.ToStatus(m); err == nil {
			t.Errorf("%v was taken as %+v", m, s)
		}
	}
	s, err := wire.ToStatus(&protocol.Status{State: "failed", Message: strings.Repeat("x", 1<<20)})
	if err != nil || len(s.Message) > 5<<10 {
		t.Errorf("%d bytes, %v", len(s.Message), err)
	}
}
