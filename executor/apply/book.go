package apply

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/journal"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/state"
)

var (
	// ErrNothing means that the journal of a stack was made and nothing written to it: a process was killed in between.
	ErrNothing = errors.New("nothing is recorded")
	// ErrBusy means that another run of the stack is under way.
	ErrBusy = errors.New("another run is under way")
	// ErrStale means that the state has moved on since the plan was made.
	ErrStale = errors.New("the plan is stale")
)

// compactAt is the size of the log from which it is folded into a snapshot when a run ends.
const compactAt = 1 << 20

// maxGenerations is how many generations the history keeps.
const maxGenerations = 1000

// Book is the durable record of one stack: its state, and the run under way. It is safe for concurrent use.
type Book struct {
	journal *journal.Journal
	appends sync.RWMutex // held for reading while appending, for writing while compacting
	begin   sync.Mutex   // one Begin at a time
	foldAt  int64        // compactAt

	mu    sync.Mutex
	state *state.State
	run   *Run
}

// OpenBook opens the book of a stack in dir, making a new one if there is none. directory is where the stack's file
// lies; it only counts for a new book. Without it there has to be one, and OpenBook fails with ErrNothing if that is empty.
func OpenBook(fsys disk.FS, dir, stack, directory string) (*Book, error) {
	j, recovered, err := journal.Open(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("cannot open the state of %s: %w", stack, err)
	}
	b := &Book{journal: j, foldAt: compactAt}
	if err := b.recover(recovered); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot read the state of %s in %s: %w", stack, dir, err), j.Close())
	}
	if b.state != nil {
		return b, nil
	}
	if directory == "" {
		return nil, errors.Join(fmt.Errorf("cannot open the state of %s: %w", stack, ErrNothing), j.Close())
	}
	id := &identity{Format: state.Format, Stack: stack, Directory: directory, Lineage: rand.Text()}
	if err := b.append(record{New: id}); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return b, nil
}

func (b *Book) recover(r *journal.Recovered) error {
	if r.Snapshot != nil {
		var s snapshot
		if err := json.Unmarshal(r.Snapshot, &s); err != nil {
			return err
		}
		if err := b.restore(&s); err != nil {
			return err
		}
	}
	for _, payload := range r.Records {
		var rec record
		if err := json.Unmarshal(payload, &rec); err != nil {
			return err
		}
		if err := b.play(&rec); err != nil {
			return err
		}
	}
	return nil
}

func (b *Book) restore(s *snapshot) error {
	if err := s.Identity.check(); err != nil {
		return err
	}
	b.state = state.New(s.Identity.Stack, s.Identity.Directory, s.Identity.Lineage)
	b.state.Serial, b.state.Generations, b.state.Outputs, b.state.Plugins = s.Serial, s.Generations, s.Outputs, s.Plugins
	for _, o := range s.Objects {
		if o == nil {
			return errors.New("it records an object that is none")
		}
		b.state.Objects[o.Addr] = o
	}
	if s.Run != nil {
		if err := s.Run.check(); err != nil {
			return err
		}
	}
	b.run = s.Run
	return nil
}

func (i identity) check() error {
	if i.Format != state.Format {
		return fmt.Errorf("it has format %d, and this recipe knows format %d: use the recipe that wrote it, or a newer one", i.Format, state.Format)
	}
	return nil
}

// append makes a record durable and then plays it.
func (b *Book) append(rec record) error {
	b.mu.Lock()
	if b.state != nil {
		rec.Serial = b.state.Serial + 1 // only a hint for people: records of parallel tasks may share one
	}
	b.mu.Unlock()
	payload, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("internal error: cannot encode a record: %w", err)
	}
	b.appends.RLock()
	defer b.appends.RUnlock()
	if err := b.journal.Append(payload); err != nil {
		return fmt.Errorf("cannot record a step: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.play(&rec)
}

// play brings state and run forward by one record. It is the only place that changes them.
func (b *Book) play(rec *record) error {
	switch {
	case rec.New != nil:
		if err := rec.New.check(); err != nil {
			return err
		}
		b.state = state.New(rec.New.Stack, rec.New.Directory, rec.New.Lineage)
		return nil
	case b.state == nil:
		return errors.New("its first record is missing")
	case rec.Run != nil:
		if err := rec.Run.check(); err != nil {
			return err
		}
		b.run, b.state.Plugins = rec.Run, rec.Run.Plan.Plugins
	case rec.Task != nil:
		if b.run == nil || rec.Task.Index < 0 || int(rec.Task.Index) >= len(b.run.Tasks) {
			return errors.New("it records a task of no run")
		}
		b.playTask(rec.Task)
	case rec.Turn != nil && b.run != nil:
		b.run.Undoing = b.run.Undoing || rec.Turn.Undo
		b.run.Stopped = b.run.Stopped || rec.Turn.Stop
		b.run.Held = b.run.Held || rec.Turn.Held
		if b.run.Error == "" {
			b.run.Error = rec.Turn.Error
		}
	case rec.End != nil:
		b.playEnd(rec.End)
	}
	b.state.Serial++
	return nil
}

func (b *Book) playTask(t *taskRecord) {
	task := &b.run.Tasks[t.Index]
	task.Status = t.Status
	if t.Error != "" {
		task.Error = t.Error
	}
	task.Took += t.Took
	a := b.run.Plan.Changes[t.Index].Addr
	if o := b.state.Objects[a]; o != nil && task.Needs == nil && (t.Gone || t.Object != nil) {
		task.Needs = o.Needs
	}
	switch {
	case t.Gone:
		delete(b.state.Objects, a)
	case t.Object != nil:
		b.state.Objects[a] = t.Object
	}
}

func (b *Book) playEnd(e *endRecord) {
	b.run = nil
	b.state.Generations = append(b.state.Generations, e.Generation)
	if extra := len(b.state.Generations) - maxGenerations; extra > 0 {
		b.state.Generations = slices.Delete(b.state.Generations, 0, extra)
	}
	if !e.KeepOutputs {
		b.state.Outputs = e.Outputs
	}
	for i := range e.Objects {
		b.state.Objects[e.Objects[i].Addr] = &e.Objects[i]
	}
	for _, name := range e.Gone {
		if a, err := addr.Parse(name); err == nil {
			delete(b.state.Objects, a)
		}
	}
}

// Begin is BeginBy for a run of which nobody asks who began it.
func (b *Book) Begin(p *plan.Plan, now time.Time) error { return b.BeginBy(nil, p, now) }

// BeginBy records a run of p, and that client began it. From then on it survives everything. It is refused while another
// run is under way, and when p was made from another state than the present one.
func (b *Book) BeginBy(client *Client, p *plan.Plan, now time.Time) error {
	b.begin.Lock()
	defer b.begin.Unlock()
	b.mu.Lock()
	err := b.fits(p)
	b.mu.Unlock()
	if err != nil {
		return err
	}
	run := &Run{ID: rand.Text(), Plan: p, Started: now, By: client, Tasks: make([]Task, len(p.Changes))}
	for i := range run.Tasks {
		run.Tasks[i].Status = Do
	}
	return b.append(record{Run: run})
}

// Fits reports why a run of p would be refused now, nil if it would not.
func (b *Book) Fits(p *plan.Plan) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fits(p)
}

func (b *Book) fits(p *plan.Plan) error {
	switch {
	case b.run != nil:
		return fmt.Errorf("%w: %s", ErrBusy, b.run.beginning())
	case p.Lineage != b.state.Lineage:
		return fmt.Errorf("%w: it was made for another state of %s; plan again", ErrStale, p.Stack)
	case p.Serial != b.state.Serial:
		return fmt.Errorf("%w: the state has moved on from %d to %d; plan again", ErrStale, p.Serial, b.state.Serial)
	}
	return nil
}

// View calls look with the state and the run under way (nil for none), neither of which it may change or keep.
func (b *Book) View(look func(*state.State, *Run)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	look(b.state, b.run)
}

// Copy returns the state as it is now. Its objects are shared and never change.
func (b *Book) Copy() *state.State {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := *b.state
	s.Objects = maps.Clone(s.Objects)
	s.Generations = slices.Clone(s.Generations)
	return &s
}

// compact folds the log into a snapshot once it has grown. Failing to is not fatal: the log only stays long.
func (b *Book) compact() error {
	if b.journal.Size() < b.foldAt {
		return nil
	}
	b.appends.Lock()
	defer b.appends.Unlock()
	payload, err := b.encode()
	if err != nil {
		return err
	}
	return b.journal.Compact(payload)
}

// encode returns all that the book says as a snapshot, in one way only.
func (b *Book) encode() ([]byte, error) {
	b.mu.Lock()
	s := snapshot{Identity: identity{Format: state.Format, Stack: b.state.Stack, Directory: b.state.Directory, Lineage: b.state.Lineage},
		Serial: b.state.Serial, Generations: b.state.Generations, Outputs: b.state.Outputs, Plugins: b.state.Plugins, Run: b.run}
	for _, o := range b.state.Objects {
		s.Objects = append(s.Objects, o)
	}
	b.mu.Unlock()
	slices.SortFunc(s.Objects, func(x, y *state.Object) int { return strings.Compare(x.Addr.String(), y.Addr.String()) })
	payload, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("internal error: cannot encode the state: %w", err)
	}
	return payload, nil
}

// Err is why nothing more can be recorded, nil if it can: a Book that has failed has to be opened again.
func (b *Book) Err() error { return b.journal.Err() }

// Close closes the journal. A run under way stays recorded.
func (b *Book) Close() error { return b.journal.Close() }
