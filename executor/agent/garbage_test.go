package agent

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestGarbagePercent(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		live        uint64
		usual, want int
	}{{0, 100, 900}, {20 * mib, 100, 900}, {64 * mib, 100, 300}, {100 * mib, 100, 156}, {200 * mib, 100, 100}, {900 * mib, 100, 100}, {200 * mib, 50, 50}, {200 * mib, 800, 100}} {
		if got := garbagePercent(c.live, c.usual); got != c.want {
			t.Errorf("%d MiB, usually %d %%: %d, want %d", c.live/mib, c.usual, got, c.want)
		}
	}
}

// Collections while some plans are made keep the percent high, and when the last one is there it is as before.
func TestGarbageIsCollectedAsBefore(t *testing.T) {
	usual := debug.SetGCPercent(77)
	defer debug.SetGCPercent(usual)
	var c collector
	first, second := c.late(), c.late()
	first()
	first() // twice counts once
	runtime.GC()
	if got := debug.SetGCPercent(100); got <= 100 {
		t.Errorf("%d %% while a plan is made", got)
	}
	second()
	if got := debug.SetGCPercent(77); got != 77 {
		t.Errorf("%d %% afterwards", got)
	}
}
