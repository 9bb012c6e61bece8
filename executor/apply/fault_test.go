package apply_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/torture"
)

// TestT1EveryError makes every operation of every scenario fail, once and from then on. Nothing may be done after a record
// that failed, and the next life has to end the run.
func TestT1EveryError(t *testing.T) {
	seed := torture.Seed(t)
	var tried atomic.Int64
	eachCourse(t, seed, func(t *testing.T, c *course, random *rand.Rand) {
		for at := 1; at <= c.operations; at++ {
			for _, cause := range []error{syscall.EIO, syscall.ENOSPC} {
				for _, sticky := range []bool{false, true} {
					if random.Float64() >= torture.PickRaced(0.004, 0.1, 1) {
						continue
					}
					if err := c.failAt(disktest.Fault{At: at, Err: cause, Sticky: sticky}, random); err != nil {
						t.Fatalf("%v at operation %d, sticky=%v: %v", cause, at, sticky, err)
					}
					tried.Add(1)
				}
			}
		}
	})
	torture.Report(t, "T1", "%d faults (EIO, ENOSPC; once, sticky) at every operation: nothing done after a failed record, all converged", tried.Load())
}

// TestT6EveryFsync makes every fsync of every scenario report an error once; the disk says afterwards that all is well, as
// Linux does, and keeps of the bytes what it likes.
func TestT6EveryFsync(t *testing.T) {
	seed := torture.Seed(t)
	var tried atomic.Int64
	stride := torture.PickRaced(9, 1, 1)
	eachCourse(t, seed, func(t *testing.T, c *course, random *rand.Rand) {
		for _, op := range []string{"sync", "syncdir"} {
			for at := 1 + random.IntN(stride); ; at += stride {
				hit := false
				for range torture.Pick(2, 10) {
					fault := disktest.Fault{At: at, Op: op, Err: syscall.EIO}
					err := c.failAt(fault, random)
					if hit = !errors.Is(err, errNotHit); !hit {
						break
					}
					if err != nil {
						t.Fatalf("%s %d failed: %v", op, at, err)
					}
					tried.Add(1)
				}
				if !hit {
					break
				}
			}
		}
	})
	torture.Report(t, "T6", "%d failed fsyncs of files and directories: none acknowledged, nothing acknowledged lost, all converged", tried.Load())
}

// eachCourse runs a test of each scenario, two and more side by side.
func eachCourse(t *testing.T, seed uint64, try func(t *testing.T, c *course, random *rand.Rand)) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as in TestT1EveryCrash
	t.Run("scenario", func(t *testing.T) {
		for i, s := range scenarios() {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { try(t, s.prepare(t), rand.New(rand.NewPCG(seed, uint64(i)))) })
			})
		}
	})
}

var errNotHit = errors.New("there is no such operation")

// failAt lets the apply meet the fault, ends that life by a kill or a power cut, lives on without a fault, and cuts the power
// once more before it judges: bytes that a failed fsync has lost must not come back from the cache.
func (c *course) failAt(fault disktest.Fault, random *rand.Rand) error {
	m := c.start.around(c.start.disk.Copy())
	m.disk.Reseed(random.Uint64())
	m.disk.Inject(fault)
	err := c.live(&m, 1)
	hit := m.disk.Hit()
	if hit == 0 {
		return errNotHit
	}
	if errors.Is(err, errWrong) {
		return err
	}
	if err := c.nothingAfter(&m, hit, err); err != nil {
		return err
	}
	if m.disk.Kill(); random.IntN(2) == 0 {
		m.disk.Crash(random.Uint64())
	}
	if err := c.live(&m, 1); err != nil {
		return fmt.Errorf("after it: %w", err)
	}
	m.disk.Crash(random.Uint64())
	return c.judge(&m, false)
}

// nothingAfter demands that no more than the one change which was being made went on outside after an operation of the
// journal failed; where the provider itself met the fault the run goes on, and is undone.
func (c *course) nothingAfter(m *moment, at int, err error) error {
	if err == nil || m.world.hurt {
		return nil
	}
	addresses := map[string]bool{}
	for _, e := range m.world.ledger {
		if e.epoch == 1 && e.at > at {
			addresses[e.address] = true
		}
	}
	if len(addresses) > 1 {
		return fmt.Errorf("done after a record failed: %v", addresses)
	}
	return nil
}
