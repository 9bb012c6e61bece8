package apply_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/torture"
)

// TestT1EveryCrash crashes every scenario at every operation of the disk and of the world around it, and every recovery
// from that at every one of its own operations, by power cuts and by kills. Two crashes often leave the same bytes and the
// same world; that is recovered once. Two recoveries that are not crashed themselves often have the same bytes once the
// book is open, and read the same; one of them goes on. Two often end with the same; that is judged once.
func TestT1EveryCrash(t *testing.T) {
	seed := torture.Seed(t)
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // little lives long, and the programme has to end within a quarter of an hour
	var all explored
	var mu sync.Mutex
	t.Run("scenario", func(t *testing.T) {
		for i, s := range scenarios() {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				// In a bubble time stands still: the same steps leave the same bytes.
				synctest.Test(t, func(t *testing.T) {
					x := newExplorer(t, s, seed+uint64(i)<<32)
					x.recover(x.start.around(x.start.disk.Copy()), nil)
					t.Logf("%d operations, %d crashes, %d pairs, %d states", x.operations, x.tried[0], x.tried[1], x.states)
					mu.Lock()
					defer mu.Unlock()
					all.add(x.explored, x.operations)
				})
			})
		}
	})
	torture.Report(t, "T1", "%d scenarios, %d operations; %d crashes and %d pairs of crashes left %d different states: all converged, 0 done twice, 0 lost",
		len(scenarios()), all.steps, all.tried[0], all.tried[1], all.states)
}

// explored counts what was tried, and how many different states that left.
type explored struct {
	steps, states int
	tried         [2]int // crashes of the undisturbed life, and of recoveries
}

func (e *explored) add(o explored, operations int) {
	e.steps += operations
	e.tried[0] += o.tried[0]
	e.tried[1] += o.tried[1]
	e.states += o.states
}

// explorer tries the crashes of one course.
type explorer struct {
	testing.TB
	*course
	random *rand.Rand
	first  float64          // the part of the crashes of the undisturbed life that are tried
	part   float64          // of the crashes in recoveries that are tried
	cuts   int              // power cuts at each operation of the undisturbed life, each with another fate of what was not synced
	deep   int              // crashes in a row
	seen   map[snapshot]int // how many more crashes each state was given
	opened map[snapshot]bool
	judged map[snapshot]bool
	explored
}

// newExplorer prepares a scenario.
func newExplorer(t testing.TB, s scenario, seed uint64) *explorer {
	return &explorer{TB: t, course: s.prepare(t), random: rand.New(rand.NewPCG(seed, 0)), first: torture.PickRaced(0.02, s.bounded(), 1), part: torture.Pick(0.003, 1), cuts: torture.Pick(1, 3),
		deep: 2, seen: map[snapshot]int{}, opened: map[snapshot]bool{}, judged: map[snapshot]bool{}}
}

// snapshot tells a disk and the world around it from others.
type snapshot struct {
	disk  uint64
	world [sha256.Size]byte
}

// crash is one of those that led somewhere.
type crash struct {
	at   int // operation of that life, counted from 1
	kind string
}

// recover lives from m to the end, crashing copies of it on the way, and judges what is there then.
func (x *explorer) recover(m moment, before []crash) {
	if len(before) < x.deep {
		at := 0
		look := func(copied func() *disktest.Disk) {
			part := x.part
			if len(before) == 0 {
				part = x.first
			}
			if at++; x.random.Float64() < part {
				x.crash(m.around(copied()), before, at)
			}
		}
		m.disk.Watch(look)
		defer func() { look(m.disk.Copy) }() // after the last operation
	}
	if len(before) == x.deep {
		m.known = x.known
	}
	err := x.live(&m, 1)
	m.disk.Watch(nil)
	if errors.Is(err, errKnown) {
		return
	}
	if err == nil {
		err = x.judgeOnce(&m)
	}
	if err != nil {
		x.Errorf("after crashes %v: %v", before, err)
	}
}

// crash ends the life at operation at in every way, and recovers.
func (x *explorer) crash(m moment, before []crash, at int) {
	cuts := 1
	if len(before) == 0 {
		cuts = x.cuts
	}
	x.tried[len(before)] += cuts + 1
	if !x.fresh(&m, before, "alive") {
		return
	}
	for n := range cuts + 1 {
		if x.Failed() {
			return // one report is enough
		}
		c, kind := m.around(m.disk.Copy()), "kill"
		if c.disk.Kill(); n > 0 {
			c.disk.Crash(x.random.Uint64())
			kind = "power cut"
		}
		if x.fresh(&c, before, "dead") {
			x.states++
			x.recover(c, append(slices.Clone(before), crash{at, kind}))
		}
	}
}

// known reports whether another life that is not crashed any more went on from this moment, with the same book.
func (x *explorer) known(book *apply.Book, m *moment) bool {
	said, err := wording(book)
	if err != nil {
		x.Error(err)
	}
	key := m.snapshot(string(said))
	known := x.opened[key]
	x.opened[key] = true
	return known
}

// judgeOnce judges the end of a life, unless one that nothing tells from it was found right.
func (x *explorer) judgeOnce(m *moment) error {
	key := m.snapshot("end")
	if x.judged[key] {
		return nil
	}
	end := m.around(m.disk.Copy())
	err := x.judge(&end, true)
	x.judged[key] = err == nil
	return err
}

// fresh reports whether m was not yet given as many crashes as it can be now. What is open on a disk that is alive, and
// what was drawn for its cuts, makes no difference.
func (x *explorer) fresh(m *moment, before []crash, how string) bool {
	key, more := m.snapshot(how), x.deep-len(before)
	if x.seen[key] >= more {
		return false
	}
	x.seen[key] = more
	return true
}

func (m *moment) snapshot(how string) snapshot {
	world := fmt.Sprint(how, m.told, m.world.halves, m.world.trace())
	return snapshot{m.disk.Fingerprint("lock"), sha256.Sum256([]byte(world))}
}
