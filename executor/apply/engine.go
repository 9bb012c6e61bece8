package apply

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/otlp"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Engine carries the run of a Book to its end. Its fields are set before Carry and not changed after.
type Engine struct {
	Book     *Book
	Graph    *eval.Graph // what the plan was made from, in any slots; nil for a plan that only removes, and for a run that is only to end
	Provider sdk.Provider
	Seal     state.Seal // durable before it returns
	// Mark notes elsewhere, durably, that the generation of that number is about to be recorded, so that a state that was
	// put back from an older copy can be told. The same number may come again after a crash. Nil tells nobody.
	Mark func(generation int) error
	// Backup writes the data of an instance aside; v is the recorded value of its backup, in clear. It may be called
	// again for a backup that a crash has cut off. Nil refuses plans with backups.
	Backup   func(ctx context.Context, a addr.Instance, v cty.Value, report sdk.Report) error
	Open     state.Open
	ID       func(clear string) string
	Parallel int              // tasks at a time; 0 for 64: most of them wait for processes
	Now      func() time.Time // nil for time.Now
	// Events is told what happens, one call at a time, from the engine's goroutines. It must not block. Nil drops it.
	Events func(Event)
	// Trace is the span of the run. Providers are told the part of it that the address of their task names; for taking back
	// it is UndoPart of that. The zero value tells nobody.
	Trace otlp.Context
}

// UndoPart is the name of the part of a trace in which what address names is taken back.
func UndoPart(address string) string { return "undo " + address }

// Phase is a moment in the life of a task.
type Phase string

const (
	Started   Phase = "start"
	Progress  Phase = "progress"
	Said      Phase = "log" // a line for the user, in Text
	Completed Phase = "done"
	Errored   Phase = "error"
	UndoStart Phase = "undo_start"
	UndoDone  Phase = "undo_done"
)

// Event is news of one task.
type Event struct {
	Time   time.Time     `json:"time"`
	Addr   string        `json:"addr"`
	Type   string        `json:"type"`
	Action plan.Action   `json:"action"`
	Phase  Phase         `json:"phase"`
	Text   string        `json:"text,omitempty"` // of progress and lines
	Done   int64         `json:"done,omitempty"`
	Total  int64         `json:"total,omitempty"`
	Took   time.Duration `json:"took,omitempty"`
	Error  string        `json:"error,omitempty"`
}

// Result is how a run ended.
type Result struct {
	Generation state.Generation
	Outputs    map[string]state.Output
}

// Carry brings the run under way to its end: done, or undone when a task fails. When ctx ends it stops soon and
// leaves everything recorded: a later Carry goes on. It returns an error only if it could not record; how the run
// itself went is in the Result.
func (e *Engine) Carry(ctx context.Context) (Result, error) {
	c, err := e.newCarrier(ctx)
	if err != nil {
		return Result{}, err
	}
	c.ended = ctx.Done()
	if !c.run.Undoing && !c.run.Stopped {
		if err := c.forward(ctx); err != nil {
			return Result{}, err
		}
	}
	if c.run.Undoing || c.run.Stopped {
		if err := c.backward(ctx); err != nil {
			return Result{}, err
		}
	}
	return c.end()
}

// Stop makes the run end where it is, and says why: what is done stays, what is not begun is left. The Carry under way
// has to be cancelled too.
func (b *Book) Stop(why string) error {
	return b.append(record{Turn: &turnRecord{Stop: true, Error: why}})
}

// carrier is one Carry.
type carrier struct {
	*Engine
	run     *Run // the Book's own; read under mu of the Book through its methods
	changes []plan.Change
	types   map[string]sdk.TypeSchema
	nodes   []int32 // node of each change in Graph, -1 for removals

	ended <-chan struct{} // closed when the Carry as a whole is to stop

	passMu sync.Mutex
	pass   *eval.Pass

	eventMu sync.Mutex
	// fatal is the first error of recording or sealing; nothing goes on after it.
	fatalMu sync.Mutex
	fatal   error
}

func (e *Engine) newCarrier(ctx context.Context) (*carrier, error) {
	engine := *e
	c := &carrier{Engine: &engine, types: e.Provider.Schema().Types}
	if c.Parallel == 0 {
		c.Parallel = 64
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	e.Book.View(func(_ *state.State, r *Run) { c.run = r })
	if c.run == nil {
		return nil, fmt.Errorf("internal error: there is no run to carry out")
	}
	if e.Graph != nil {
		graph, diags := e.Graph.InSlots(context.WithoutCancel(ctx), c.run.Plan.Second) // it is needed to end, too
		if diags.HasErrors() {
			return nil, fmt.Errorf("internal error: the stack cannot be evaluated again: %w", diags)
		}
		c.Graph = graph
	}
	c.changes = c.run.Plan.Changes
	c.nodes = make([]int32, len(c.changes))
	for i := range c.changes {
		c.nodes[i] = -1
		if c.Graph != nil && c.changes[i].Action != plan.Remove && c.changes[i].Action != plan.Forget && c.changes[i].Action != plan.Backup {
			if id, ok := c.Graph.Find(c.changes[i].Addr); ok {
				c.nodes[i] = id
			}
		}
	}
	if c.Graph == nil {
		return c, nil
	}
	return c, c.seed()
}

// seed gives the pass the values of all that the plan leaves as it is, and of the tasks that are done already.
func (c *carrier) seed() error {
	c.pass = c.Graph.NewPass(c.ID)
	open := make([]bool, len(c.Graph.Nodes)) // nodes that wait for a task of this run
	for i := range c.changes {
		// What a plan holds only for the order has its value already: no task of it comes to set one.
		if id := c.nodes[i]; id >= 0 && c.changes[i].Does() && c.status(int32(i)) != Done {
			open[id] = true
		}
	}
	s := c.Book.Copy()
	for _, id := range c.Graph.Order {
		n := &c.Graph.Nodes[id]
		if n.Type == "" {
			for _, need := range n.Needs {
				open[id] = open[id] || open[need]
			}
			if !open[id] {
				_, _ = c.pass.Wanted(id)
			}
			continue
		}
		if o := s.Objects[n.Addr]; o != nil && !open[id] {
			v, err := o.Decode(c.types[o.Type].Object(), c.Open)
			if err != nil {
				return err
			}
			c.pass.Set(id, v)
		}
	}
	return nil
}

func (c *carrier) status(i int32) (s Status) {
	c.Book.View(func(_ *state.State, r *Run) { s = r.Tasks[i].Status })
	return s
}

func (c *carrier) object(i int32) (o *state.Object) {
	c.Book.View(func(s *state.State, _ *Run) { o = s.Objects[c.changes[i].Addr] })
	return o
}

// record makes a step of task i durable. After a failure nothing may go on: the truth is what the disk has.
func (c *carrier) record(i int32, t taskRecord) bool {
	t.Index = i
	err := c.Book.append(record{Task: &t})
	c.halt(err)
	return err == nil
}

// seal puts a secret away. A vault that cannot be written is as bad as a journal: nothing more may depend on it, and a
// task that waits for it must not be taken for one that failed.
func (c *carrier) seal(clear string) (string, error) {
	id, err := c.Seal(clear)
	c.halt(err)
	return id, err
}

func (c *carrier) halt(err error) {
	c.fatalMu.Lock()
	defer c.fatalMu.Unlock()
	if c.fatal == nil {
		c.fatal = err
	}
}

func (c *carrier) failed() error {
	c.fatalMu.Lock()
	defer c.fatalMu.Unlock()
	return c.fatal
}

func (c *carrier) emit(i int32, event Event) {
	if c.Events == nil {
		return
	}
	change := &c.changes[i]
	event.Time, event.Addr, event.Type, event.Action = c.Now(), change.Addr.String(), change.Type, change.Action
	c.eventMu.Lock()
	defer c.eventMu.Unlock()
	c.Events(event)
}

// report passes on what a provider has to tell, without the secrets it was given.
func (c *carrier) report(i int32, given ...cty.Value) sdk.Report {
	return sdk.Report{
		Progress: func(p sdk.Progress) {
			c.emit(i, Event{Phase: Progress, Text: state.Redact(p.Text, given...), Done: p.Done, Total: p.Total})
		},
		Log: func(line string) { c.emit(i, Event{Phase: Said, Text: state.Redact(line, given...)}) },
	}
}

// token is the same for all attempts at one direction of one task.
func (c *carrier) token(i int32, direction string) string {
	return fmt.Sprintf("%s-%d-%s", c.run.ID, i, direction)
}

// decode reads a value of change i that the plan or the state kept.
func (c *carrier) decode(i int32, encoded state.Encoded) (cty.Value, error) {
	ty := c.types[c.changes[i].Type].Object()
	if len(encoded) == 0 {
		return cty.NullVal(ty), nil
	}
	return state.Decode(encoded, ty, c.Open)
}
