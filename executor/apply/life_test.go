package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/vault"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/state"
)

// secretive is the recipe of the apps that live through crashes.
var secretive = strings.Replace(recipe, `port "web" {}`, `port "web" {}`+"\n"+`secret "key" {}`, 1)

// scenario is one apply that is crashed.
type scenario struct {
	name    string
	before  string   // the stack that was applied before, "" for none
	stack   string   // what is applied, "" to take everything away
	replace []string // addresses that are replaced without need
	fails   string   // see outside
	stays   string
	stops   string
	large   int    // bytes of a variable, which bring the log to its limit
	marked  bool   // a vault beside the book is marked
	result  string // how the run ends
}

// bounded is the part of the single crashes that an ordinary test run tries: all, but for what costs most.
func (s scenario) bounded() float64 {
	if s.stays != "" {
		return 0.2
	}
	if strings.HasPrefix(s.name, "roll") {
		return 0.1
	}
	return 1
}

func scenarios() []scenario {
	const c = "app.c[0]"
	change := scenario{before: apps("x", "a", "b"), stack: apps("y", "a", "c"), replace: []string{"app.a[0].process.web"}}
	vary := func(name, result, fails, stays, stops string) scenario {
		s := change
		s.name, s.result, s.fails, s.stays, s.stops = name, result, fails, stays, stops
		return s
	}
	roll := scenario{name: "roll", before: rolling(apps("x", "a", "b")), stack: rolling(apps("y", "a", "b")), result: "done"}
	taken, stopped := roll, roll
	taken.name, taken.fails, taken.result = "roll back", "app.b[0]~b.process.web", "undone"
	stopped.name, stopped.stops, stopped.result = "roll and stop", "app.b[0]~b.configure.file.page", "stopped"
	return []scenario{
		roll, taken, stopped,
		{name: "create", stack: apps("x", "a", "b"), result: "done"},
		vary("change", "done", "", "", ""),
		vary("undo", "undone", c+".process.web", "", ""),
		vary("stuck", "error", c+".process.web", c+".configure.file.page", ""),
		vary("stop", "stopped", "", "", c+".configure.file.page"),
		{name: "destroy", before: apps("x", "a", "b"), result: "done"},
		{name: "mark", before: apps("x", "a"), stack: apps("y", "a"), marked: true, result: "done"},
		{name: "compact", before: apps("x", "a"), stack: apps("y", "a"), large: 32 << 10, result: "done"},
	}
}

// course is a scenario made ready.
type course struct {
	scenario
	old, graph *eval.Graph // of before and of stack
	start      moment
	key        vault.Key
	target     int    // the generation that the apply becomes
	was, want  string // pictures of the world before and after an apply that is done
	deeds      []string
	operations int // of the undisturbed apply
}

// moment is all that goes on from a crash: the disk, the world around it, and what somebody was told.
type moment struct {
	disk  *disktest.Disk
	world *outside
	told  told
	mark  func(int) error // of the vault, if there is one

	known func(*apply.Book, *moment) bool // asked once the book is open, if set: whether another life went on from just there
}

// told is what must not be forgotten any more.
type told struct {
	begun, ended bool
	done         map[string]bool // addresses
}

func (m *moment) around(d *disktest.Disk) moment {
	t := m.told
	t.done = maps.Clone(t.done)
	return moment{disk: d, world: m.world.around(d), told: t}
}

// prepare applies what was before, and the rest once without any disturbance.
func (s scenario) prepare(t testing.TB) *course {
	key, err := vault.LoadKey(disktest.New(1), "/key")
	if err != nil {
		t.Fatal(err)
	}
	c := &course{scenario: s, target: 1, key: key}
	d := disktest.New(1)
	c.start = moment{disk: d, world: newOutside(d), told: told{done: map[string]bool{}}}
	if s.before != "" {
		c.old = graphOf(t, s.before, secretive, outsideSchema.Types)
		before := &course{graph: c.old, target: 1, key: c.key}
		before.marked = s.marked
		if err := before.live(&c.start, 1); err != nil {
			t.Fatal(err)
		}
		c.target = 2
	}
	if s.stack != "" {
		c.graph = graphOf(t, s.stack, secretive, outsideSchema.Types)
	}
	c.start.world.epoch, c.start.told = 1, told{done: map[string]bool{}}
	c.was = c.start.world.picture()
	for _, failing := range []bool{false, true} {
		m := c.start.around(c.start.disk.Copy())
		if failing {
			m.world.fails, m.world.stays, m.world.stops = s.fails, s.stays, s.stops
			c.start.world.fails, c.start.world.stays, c.start.world.stops = s.fails, s.stays, s.stops
		}
		if err := c.live(&m, 1); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if !failing {
			c.want = m.world.picture()
		}
		c.deeds, c.operations = m.world.deeds(1), m.disk.Operations()-c.start.disk.Operations()
	}
	return c
}

// live is one life of the process: it opens the book, carries on what is under way, and makes the apply of the course
// unless that is recorded already.
func (c *course) live(m *moment, parallel int) error {
	book, err := apply.OpenBook(m.disk, "/stack/journal", "test", "/src")
	if err != nil {
		return err
	}
	if c.large > 0 {
		book.FoldAt(int64(c.large))
	}
	if !c.marked {
		err = c.carry(book, m, parallel)
		return errors.Join(err, book.Close())
	}
	v, err := vault.Open(m.disk, "/stack/vault", c.key, book.Copy().Lineage)
	if err != nil {
		return errors.Join(err, book.Close())
	}
	if err = v.Fits(book.Copy().Generation(), running(book) != nil); err != nil {
		err = fmt.Errorf("%w: %w", errWrong, err)
	} else {
		m.mark = v.Mark
		err = c.carry(book, m, parallel)
	}
	return errors.Join(err, v.Close(), book.Close())
}

// errWrong marks what no fault of a disk explains.
var errWrong = errors.New("WRONG")

// errKnown ends a life that would go on as another one did.
var errKnown = errors.New("another life went on from here")

func (c *course) carry(book *apply.Book, m *moment, parallel int) error {
	if m.known != nil && m.known(book, m) {
		return errKnown
	}
	if forgotten := c.forgotten(book, m); forgotten != "" {
		return fmt.Errorf("%w: %s", errWrong, forgotten)
	}
	if running(book) == nil {
		if book.Copy().Generation() == c.target {
			return nil
		}
		p, err := c.plan(book, m, c.graph)
		if err != nil {
			return err
		}
		if err := book.Begin(p, time.Unix(0, 0)); err != nil {
			return err
		}
		m.told.begun = true
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m.world.stop = func() { _ = book.Stop("stopped by the user"); cancel() }
	engine := &apply.Engine{Book: book, Graph: c.graph, Provider: m.world, Seal: m.seal, Mark: m.mark, Open: reveal, ID: sealed, Parallel: parallel,
		Events: func(e apply.Event) {
			if e.Phase == apply.Completed {
				m.told.done[e.Addr] = true
			}
		}}
	_, err := engine.Carry(ctx)
	if errors.Is(err, context.Canceled) {
		_, err = engine.Carry(context.Background())
	}
	if err != nil && running(book) == nil {
		return fmt.Errorf("%w: the run has ended, and Carry returns %w", errWrong, err)
	}
	m.told.ended = m.told.ended || err == nil
	return err
}

func (c *course) plan(book *apply.Book, m *moment, graph *eval.Graph) (*plan.Plan, error) {
	in := plan.Input{Graph: graph, State: book.Copy(), Provider: m.world, Seal: m.seal, Open: reveal, ID: sealed, Now: time.Unix(0, 0)}
	for _, name := range c.replace {
		a, err := addr.Parse(name)
		if err != nil {
			return nil, err
		}
		in.Replace = append(in.Replace, a)
	}
	p, diags := plan.Make(context.Background(), in)
	if diags.HasErrors() {
		return nil, diags
	}
	if c.large > 0 {
		p.Variables = map[string]json.RawMessage{"large": json.RawMessage(`"` + strings.Repeat("x", c.large) + `"`)}
	}
	return p, nil
}

// The vault here has every secret in its name, and so forgets none.
func sealed(clear string) string               { return "id-" + clear }
func reveal(id string) (clear string, ok bool) { return strings.CutPrefix(id, "id-") }

// seal is an operation of the disk, since a real vault writes.
func (m *moment) seal(clear string) (string, error) {
	_, err := m.disk.ReadDir("/")
	return sealed(clear), err
}

func running(book *apply.Book) (run *apply.Run) {
	book.View(func(_ *state.State, r *apply.Run) { run = r })
	return run
}

// undoing are the states that something may have been undone in.
var undoing = map[apply.Status]bool{apply.Undoing: true, apply.Removed: true, apply.Undone: true, apply.Stuck: true}

// forgotten says what of a book just opened is less than what somebody was told, or than what was done outside.
func (c *course) forgotten(book *apply.Book, m *moment) string {
	run, generation := running(book), book.Copy().Generation()
	switch {
	case m.told.ended && (run != nil || generation != c.target):
		return "the end of the run was told, and is lost"
	case m.told.begun && run == nil && generation != c.target:
		return "the begin of the run was told, and is lost"
	case run == nil && generation == c.target:
		return ""
	}
	status := map[string]apply.Status{}
	if run != nil {
		for i := range run.Tasks {
			status[run.Plan.Changes[i].Addr.String()] = run.Tasks[i].Status
		}
	}
	for address := range m.told.done {
		if s := status[address]; s == apply.Do || s == apply.Doing || s == "" {
			return fmt.Sprintf("%s was told to be done, and is %q", address, s)
		}
	}
	for _, e := range m.world.ledger {
		s := status[e.address]
		if e.epoch == m.world.epoch && (s == "" || s == apply.Do || e.undo && !undoing[s]) {
			return fmt.Sprintf("%s has no intent on disk: it is %q", e, s)
		}
	}
	return ""
}

// judge looks at the world and the state after all is over and says what is wrong. exact demands that nothing else was
// done than in an undisturbed apply.
func (c *course) judge(m *moment, exact bool) error {
	book, err := apply.OpenBook(m.disk, "/stack/journal", "test", "/src")
	if err != nil {
		return err
	}
	err = c.verdict(book, m, exact)
	return errors.Join(err, book.Close())
}

func (c *course) verdict(book *apply.Book, m *moment, exact bool) error {
	s := book.Copy()
	if running(book) != nil || s.Generation() != c.target {
		return fmt.Errorf("the run has not ended: generation %d", s.Generation())
	}
	end := s.Generations[len(s.Generations)-1]
	if exact && end.Result != c.result {
		return fmt.Errorf("it ended %q instead of %q: %s", end.Result, c.result, end.Error)
	}
	if deeds := m.world.deeds(1); exact && c.stops == "" && !slices.Equal(deeds, c.deeds) {
		return fmt.Errorf("done was\n  %s\ninstead of\n  %s", strings.Join(deeds, "\n  "), strings.Join(c.deeds, "\n  "))
	}
	if twice := m.world.twice(); twice != nil {
		return fmt.Errorf("done twice: %v", twice)
	}
	if err := unrecorded(s, m.world); err != nil {
		return err
	}
	switch end.Result {
	case "done":
		return c.settled(book, m, c.graph, c.want)
	case "undone":
		return c.settled(book, m, c.old, c.was)
	}
	return c.again(book, m)
}

// unrecorded holds the things outside against those of the state.
func unrecorded(s *state.State, world *outside) error {
	var known []string
	for a, o := range s.Objects {
		if o.Type != "" {
			known = append(known, a.String())
		}
	}
	slices.Sort(known)
	if there := slices.Sorted(maps.Keys(world.things)); !slices.Equal(there, known) {
		return fmt.Errorf("outside are\n  %v\nand recorded\n  %v", there, known)
	}
	return nil
}

// settled demands that the world is as in the picture, if there is one, and that planning again finds nothing to do.
func (c *course) settled(book *apply.Book, m *moment, graph *eval.Graph, picture string) error {
	if now := m.world.picture(); picture != "" && now != picture {
		return fmt.Errorf("outside is\n%s", differences(now, picture))
	}
	plain := course{}
	p, err := plain.plan(book, m, graph)
	if err != nil {
		return err
	}
	if !p.Empty() {
		return fmt.Errorf("something is left to do: %v", p.Count())
	}
	return nil
}

// differences are the lines of only one of two pictures.
func differences(now, want string) string {
	var all strings.Builder
	for _, side := range [][3]string{{"not wanted", now, want}, {"missing", want, now}} {
		for line := range strings.Lines(side[1]) {
			if !strings.Contains(side[2], line) {
				fmt.Fprintf(&all, "%s: %s", side[0], line)
			}
		}
	}
	return all.String()
}

// again applies once more, with nothing in the way, what was stopped or could not be taken back.
func (c *course) again(book *apply.Book, m *moment) error {
	m.world.fails, m.world.stays, m.world.stops = "", "", ""
	m.world.epoch++
	again := course{graph: c.graph, target: c.target + 1}
	m.told = told{done: map[string]bool{}}
	if err := again.carry(book, m, 1); err != nil {
		return err
	}
	if twice := m.world.twice(); twice != nil {
		return fmt.Errorf("done twice: %v", twice)
	}
	s := book.Copy()
	if end := s.Generations[len(s.Generations)-1]; end.Result != "done" {
		return fmt.Errorf("applied again it ended %q: %s", end.Result, end.Error)
	}
	if strings.HasPrefix(c.name, "roll") { // in which of its two places an instance is depends on where it was cut off
		if err := unrecorded(s, m.world); err != nil {
			return err
		}
		return again.settled(book, m, c.graph, "")
	}
	return again.settled(book, m, c.graph, c.want)
}
