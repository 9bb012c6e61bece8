package apply_test

import (
	"errors"
	"runtime/debug"
	"testing"

	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/torture"
)

// TestT1ParallelCrashes crashes applies that make eight changes at a time, once and in the recovery, at operations drawn
// at random. Such a run cannot be repeated to the operation, so what it finds has to be looked for in the messages.
func TestT1ParallelCrashes(t *testing.T) {
	random := torture.Random(t)
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as in TestT1EveryCrash
	tries := 0
	for _, s := range scenarios() {
		c := s.prepare(t)
		for range torture.Pick(15, 300) {
			m := c.start.around(c.start.disk.Copy())
			for crashes := range 3 {
				if crashes < 2 {
					m.disk.Inject(disktest.Fault{At: 1 + random.IntN(c.operations), Cut: true})
				}
				err := c.live(&m, 8)
				if err != nil && (!errors.Is(err, disktest.ErrPower) || errors.Is(err, errWrong)) {
					t.Fatalf("%s: life %d: %v", s.name, crashes+1, err)
				}
				if m.disk.Kill(); random.IntN(2) == 0 {
					m.disk.Crash(random.Uint64())
				}
			}
			if err := c.judge(&m, false); err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			tries++
		}
	}
	torture.Report(t, "T1", "%d applies with 8 changes at a time, 2 crashes each at random operations: all converged, 0 done twice, 0 lost", tries)
}
