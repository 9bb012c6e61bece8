package roles

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// world is instances with one or two processes each, as a supervisor would have them, and what they were told.
type world struct {
	machine  *Machine
	settings Settings
	disk     Record
	size     int
	procs    map[string]*proc // by unit
	last     uint64           // the highest token that anybody was given
	fences   []Fence          // of the last decision
}

type proc struct {
	index     int
	main      bool
	cold      bool
	condition Condition
	pid       int
	believes  bool // it was told that it is a primary, and lives
}

var kinds = [...]string{"main", "side"}

func unit(index int, kind string) string { return fmt.Sprintf("app[%d].%s", index, kind) }

func newWorld(t *rapid.T) *world {
	w := &world{procs: map[string]*proc{}, settings: Settings{Primaries: rapid.IntRange(1, 3).Draw(t, "primaries"), Promotes: rapid.Bool().Draw(t, "promotes")}}
	w.size = w.settings.Primaries + rapid.IntRange(1, 3).Draw(t, "backups")
	w.machine = New(Record{})
	two, cold := rapid.Bool().Draw(t, "two"), rapid.Bool().Draw(t, "cold")
	for _, index := range rapid.Permutation(numbers(w.size)).Draw(t, "order") {
		for _, kind := range kinds {
			if kind == "main" || two {
				w.procs[unit(index, kind)] = &proc{index: index, main: kind == "main", cold: cold || kind != "main", condition: Gone}
				w.machine.Enroll(w.settings, index, unit(index, kind), kind == "main")
			}
		}
	}
	w.settle(t)
	return w
}

func numbers(n int) []int {
	var list []int
	for i := range n {
		list = append(list, i)
	}
	return list
}

func (w *world) unit(t *rapid.T) string {
	return rapid.SampledFrom(w.names()).Draw(t, "unit")
}

func (w *world) names() []string { return slices.Sorted(maps.Keys(w.procs)) }

// settle carries out what is decided: a save that may fail, and the tokens that are told.
func (w *world) settle(t *rapid.T) {
	before := w.disk
	able := map[int]bool{} // and whether it runs
	forced := map[int]bool{}
	w.machine.unforce(&Decision{})
	for _, index := range w.machine.able() {
		able[index] = w.machine.runs(index)
		forced[index] = w.machine.instances[index].forced
	}
	d := w.machine.Decide()
	w.fences = d.Fence
	if d.Changed && rapid.IntRange(0, 9).Draw(t, "disk") == 0 {
		w.machine.Restore(before)
		w.fences = nil
		w.check(t)
		return
	}
	if d.Changed {
		w.disk = w.machine.Record()
	}
	for _, index := range d.Promoted {
		if _, ok := able[index]; !ok {
			t.Fatalf("%d was promoted and was not able", index)
		}
		for lower, runs := range able {
			if runs && lower < index && !slices.Contains(d.Promoted, lower) && !forced[index] {
				t.Fatalf("%d was promoted, and %d below it was not", index, lower)
			}
		}
		if token := w.machine.Role(index).Token; token <= w.last {
			t.Fatalf("token %d after %d", token, w.last)
		} else {
			w.last = token
		}
	}
	w.check(t)
}

// check demands that what runs and takes itself for a primary is never too much.
func (w *world) check(t *rapid.T) {
	believers, tokens := map[int]bool{}, map[uint64]bool{}
	for _, p := range w.procs {
		p.believes = !p.condition.over() && (p.believes || w.machine.Role(p.index).Primary)
		if p.believes {
			believers[p.index] = true
		}
	}
	if len(believers) > w.settings.Primaries {
		t.Fatalf("%v run as primaries; %d are wanted", believers, w.settings.Primaries)
	}
	for _, index := range w.machine.Primaries() {
		token := w.machine.Role(index).Token
		if tokens[token] || token == 0 {
			t.Fatalf("token %d of %d is another one's too", token, index)
		}
		tokens[token] = true
	}
}

func (w *world) note(t *rapid.T, name string, c Condition) {
	p := w.procs[name]
	if p.condition = c; c.over() {
		p.pid = 0
	}
	w.machine.Note(p.index, name, c, p.pid)
	w.settle(t)
}

// start is what a supervisor does to begin a process: it says that nothing runs, and asks for the role.
func (w *world) start(t *rapid.T, name string) {
	p := w.procs[name]
	if !p.condition.over() {
		return
	}
	w.note(t, name, p.condition)
	r := w.machine.Role(p.index)
	if r.Held || p.cold && !r.Primary {
		w.note(t, name, Held)
		return
	}
	p.pid++
	p.condition = Starting
	w.machine.Begin(p.index, name)
	w.settle(t)
	if r := w.machine.Role(p.index); p.main && r.Primary {
		w.last = max(w.last, r.Token)
	}
}

func TestRoles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"start": func(t *rapid.T) { w.start(t, w.unit(t)) },
			"changes": func(t *rapid.T) {
				name := w.unit(t)
				if p := w.procs[name]; !p.condition.over() {
					w.note(t, name, rapid.SampledFrom([]Condition{Ready, Ready, Assumed, Ailing, Stopping, Gone, Finished}).Draw(t, "condition"))
				}
			},
			"fenced": func(t *rapid.T) {
				for _, f := range w.fences {
					if rapid.Bool().Draw(t, "gone") && w.procs[f.Unit].pid == f.PID {
						w.note(t, f.Unit, Gone)
					}
				}
			},
			"told": func(t *rapid.T) {
				index := rapid.IntRange(0, w.size-1).Draw(t, "index")
				if r := w.machine.Role(index); r.Promote {
					w.machine.Told(index, r.Token, rapid.Bool().Draw(t, "ok"))
					w.settle(t)
				}
			},
			"force": func(t *rapid.T) {
				if w.machine.Force(rapid.IntRange(0, w.size-1).Draw(t, "index")) == nil {
					w.settle(t)
				}
			},
			"agent ends": func(t *rapid.T) { w.restart(t) },
			"scale": func(t *rapid.T) {
				// It is applied to each of the units in turn.
				primaries := rapid.IntRange(1, w.size).Draw(t, "primaries")
				if primaries < w.settings.Primaries {
					return // what is too much may run for as long as it takes to end it; see TestRetire
				}
				w.settings.Primaries = primaries
				for _, name := range w.names() {
					p := w.procs[name]
					w.machine.Enroll(w.settings, p.index, name, p.main)
				}
				w.settle(t)
			},
			"": w.check,
		})
		w.recover(t)
	})
}

// restart is another agent: it knows what is on disk, and finds what runs.
func (w *world) restart(t *rapid.T) {
	w.machine = New(w.disk)
	for _, name := range w.names() {
		p := w.procs[name]
		w.machine.Enroll(w.settings, p.index, name, p.main)
	}
	for _, name := range w.names() {
		p := w.procs[name]
		if !p.condition.over() {
			p.condition = rapid.SampledFrom([]Condition{Starting, Assumed, Ready, Ailing}).Draw(t, "as it was")
			w.machine.Note(p.index, name, p.condition, p.pid)
		}
	}
	for _, name := range w.names() {
		p := w.procs[name]
		if p.condition.over() {
			w.machine.Note(p.index, name, Gone, 0)
			p.condition = Gone
		}
	}
	w.settle(t)
}

// recover lets everything start and become ready: in the end there are as many primaries as wanted, all of them told.
func (w *world) recover(t *rapid.T) {
	for range 4 * len(w.procs) {
		for _, f := range w.fences {
			w.note(t, f.Unit, Gone)
		}
		for _, name := range w.names() {
			p := w.procs[name]
			switch p.condition {
			case Stopping, Ailing, Finished:
				w.note(t, name, Gone)
			case Gone, Held:
				w.start(t, name)
			case Starting, Assumed:
				w.note(t, name, Ready)
			}
			w.tell(t)
		}
	}
	for range 100 { // a disk that fails now and then
		w.tell(t)
	}
	serving := 0
	for _, index := range w.machine.Primaries() {
		if r := w.machine.Role(index); r.Serves {
			serving++
		}
	}
	if serving != w.settings.Primaries {
		t.Fatalf("%d serve and not %d: %+v", serving, w.settings.Primaries, w.machine.Record())
	}
}

// tell lets the commands of all promotions succeed.
func (w *world) tell(t *rapid.T) {
	for _, index := range w.machine.Primaries() {
		if r := w.machine.Role(index); r.Promote {
			w.machine.Told(index, r.Token, true)
		}
	}
	w.settle(t)
}

// two is a component with one primary and one backup, both ready.
func two(t *testing.T, promotes bool) *Machine {
	m := New(Record{})
	for index := range 2 {
		m.Enroll(Settings{Primaries: 1, Promotes: promotes}, index, unit(index, "main"), true)
		m.Note(index, unit(index, "main"), Ready, 10+index)
	}
	if d := m.Decide(); !d.Changed || len(d.Promoted) != 0 || !m.Role(0).Serves || m.Role(1).Primary {
		t.Fatalf("in the beginning: %+v %+v", d, m.Record())
	}
	return m
}

func TestOneThatHangsIsEndedBeforeAnotherIsPromoted(t *testing.T) {
	m := two(t, false)
	m.Note(0, unit(0, "main"), Ailing, 10)
	d := m.Decide()
	if len(d.Fence) != 1 || !d.Fence[0].Now || d.Fence[0].PID != 10 || len(d.Promoted) != 0 || m.Role(0).Serves || m.Role(1).Primary {
		t.Fatalf("while it hangs: %+v", d)
	}
	m.Note(0, unit(0, "main"), Gone, 0)
	d = m.Decide()
	if !slices.Equal(d.Promoted, []int{1}) || m.Role(1).Token != 2 || !m.Role(1).Serves || m.Role(0).Primary {
		t.Fatalf("after its end: %+v", d)
	}
}

func TestAloneItStaysPrimary(t *testing.T) {
	m := two(t, false)
	m.Note(1, unit(1, "main"), Gone, 0)
	m.Note(0, unit(0, "main"), Gone, 0)
	if d := m.Decide(); d.Changed || !m.Role(0).Primary || m.Role(0).Held {
		t.Fatalf("nobody is able: %+v", d)
	}
}

func TestItServesOnceItsCommandHasSucceeded(t *testing.T) {
	m := two(t, true)
	m.Note(0, unit(0, "main"), Gone, 0)
	m.Decide()
	if r := m.Role(1); !r.Primary || r.Serves || !r.Promote {
		t.Fatalf("before its command: %+v", r)
	}
	m.Told(1, 2, false)
	m.Note(0, unit(0, "main"), Ready, 20)
	if d := m.Decide(); len(d.Fence) != 1 || d.Fence[0].Unit != unit(1, "main") || !d.Fence[0].Now {
		t.Fatalf("after its command has failed: %+v", d)
	}
	m.Note(1, unit(1, "main"), Gone, 0)
	m.Decide()
	m.Told(0, 3, true)
	if d := m.Decide(); !d.Changed || !m.Role(0).Serves {
		t.Fatalf("after the other's has succeeded: %+v %+v", d, m.Role(0))
	}
}

// A backup that cannot tell what it lacks takes over when somebody says so, and not from a primary that works.
func TestForce(t *testing.T) {
	m := two(t, true)
	if err := m.Force(1); err != ErrNotLost {
		t.Fatalf("while the primary works: %v", err)
	}
	if m.Force(0) != ErrPrimary || m.Force(2) != ErrUnknown {
		t.Fatal("one that is no backup")
	}
	m.Note(0, unit(0, "main"), Starting, 20) // and it never comes further
	m.Note(1, unit(1, "main"), Assumed, 21)
	if d := m.Decide(); d.Changed || len(d.Fence) != 0 {
		t.Fatalf("by itself nothing happens: %+v", d)
	}
	if err := m.Force(1); err != nil {
		t.Fatal(err)
	}
	d := m.Decide()
	if len(d.Fence) != 1 || d.Fence[0].Unit != unit(0, "main") || len(d.Promoted) != 0 {
		t.Fatalf("the primary is ended first: %+v", d)
	}
	m.Note(0, unit(0, "main"), Gone, 0)
	if d := m.Decide(); !slices.Equal(d.Promoted, []int{1}) || m.Role(0).Primary || !m.Role(1).Promote || m.Role(1).Serves {
		t.Fatalf("after its end: %+v %+v", d, m.Role(1))
	}
	again := New(m.Record()) // of another agent, which knows that the command has to be run
	again.Enroll(Settings{Primaries: 1, Promotes: true}, 1, unit(1, "main"), true)
	again.Note(1, unit(1, "main"), Ailing, 21)
	if !again.Role(1).Promote {
		t.Fatal("another agent waits until it is ready, which it never is")
	}
	m.Told(1, m.Role(1).Token, true)
	if m.Decide(); !m.Role(1).Serves {
		t.Fatalf("after its command: %+v", m.Role(1))
	}
}

// One that waits for its primary is not up: it is started again, as primary, and told.
func TestForceOfOneThatWaits(t *testing.T) {
	m := two(t, true)
	m.Note(0, unit(0, "main"), Gone, 0)
	m.Note(1, unit(1, "main"), Starting, 21)
	if err := m.Force(1); err != nil {
		t.Fatal(err)
	}
	if d := m.Decide(); len(d.Fence) != 1 || d.Fence[0].PID != 21 || d.Fence[0].Now || !m.Role(1).Held {
		t.Fatalf("while it waits: %+v", d)
	}
	m.Note(1, unit(1, "main"), Gone, 0)
	if d := m.Decide(); !slices.Equal(d.Promoted, []int{1}) || !d.Released || m.Role(1).Held {
		t.Fatalf("after its end: %+v", d)
	}
	m.Begin(1, unit(1, "main"))
	m.Note(1, unit(1, "main"), Assumed, 22)
	if m.Decide(); !m.Role(1).Promote {
		t.Fatalf("it is not told: %+v", m.Role(1))
	}
}

// What was begun by force is taken back when the primary works before it is done.
func TestForceIsTakenBack(t *testing.T) {
	m := two(t, false)
	m.Note(0, unit(0, "main"), Starting, 10)
	m.Note(1, unit(1, "main"), Starting, 11)
	if err := m.Force(1); err != nil {
		t.Fatal(err)
	}
	if d := m.Decide(); len(d.Fence) != 1 || d.Fence[0].Unit != unit(1, "main") {
		t.Fatalf("while both begin: %+v", d)
	}
	m.Note(0, unit(0, "main"), Ready, 10)
	m.Note(1, unit(1, "main"), Gone, 0)
	if d := m.Decide(); !d.Released || d.Changed || len(d.Fence) != 0 || m.Role(1).Held || !m.Role(0).Serves {
		t.Fatalf("the primary works: %+v %+v", d, m.Role(0))
	}
}

func TestRetire(t *testing.T) {
	m := New(Record{})
	for _, primaries := range []int{2, 1} {
		for index := range 2 {
			m.Enroll(Settings{Primaries: primaries}, index, unit(index, "main"), true)
			m.Note(index, unit(index, "main"), Ready, 10+index)
		}
	}
	if d := m.Decide(); len(d.Fence) != 1 || d.Fence[0].Unit != unit(1, "main") || d.Fence[0].Now {
		t.Fatalf("the highest is asked to end: %+v", d)
	}
	m.Note(1, unit(1, "main"), Gone, 0)
	if d := m.Decide(); !d.Changed || m.Role(1).Primary || !m.Role(0).Serves {
		t.Fatalf("it begins again as a backup: %+v", d)
	}
}

func TestWhatIsHeldTakesOverOnce(t *testing.T) {
	m := New(Record{})
	for index := range 2 {
		m.Enroll(Settings{Primaries: 1}, index, unit(index, "main"), true)
	}
	m.Note(1, unit(1, "main"), Held, 0)
	m.Note(0, unit(0, "main"), Gone, 0)
	if m.Decide(); !m.Role(0).Primary {
		t.Fatal("the first was not started yet, and is not lost to one that does not run")
	}
	m.Note(0, unit(0, "main"), Ready, 10)
	m.Note(0, unit(0, "main"), Gone, 0)
	if d := m.Decide(); !slices.Equal(d.Promoted, []int{1}) {
		t.Fatalf("after its end: %+v", d)
	}
	m.Note(0, unit(0, "main"), Held, 0)
	if d := m.Decide(); len(d.Promoted) > 0 || m.Role(1).Held {
		t.Fatalf("while the second begins: %+v", d)
	}
}

// One that was promoted and is started again before its command has succeeded is told then, though its check cannot tell: nobody is
// there whom it could follow.
func TestItIsToldAfterAnotherStart(t *testing.T) {
	m := two(t, true)
	m.Note(0, unit(0, "main"), Gone, 0)
	m.Decide()
	m.Note(1, unit(1, "main"), Gone, 0)
	m.Decide()
	m.Begin(1, unit(1, "main"))
	if m.Decide(); m.Role(1).Promote {
		t.Fatal("it is told before it is up")
	}
	m.Note(1, unit(1, "main"), Assumed, 21)
	if m.Decide(); !m.Role(1).Promote {
		t.Fatalf("it waits for ever: %+v", m.Role(1))
	}
}
