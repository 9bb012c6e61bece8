// Package apply carries out plans. A Book is the durable record of one stack; an Engine carries the Book's run to
// its end, however often it is interrupted.
//
// A run goes through these states; every arrow is a record in the journal:
//
//	           all done
//	Doing ───────────────────▶ ended "done"
//	  │ a task fails           ▲
//	  ▼                        │
//	Undoing ─────────────────▶ ended "undone", or "error" if something could not be undone
//
// and each of its tasks through these:
//
//	Do ─▶ Doing ─▶ Done ─▶ Undoing ─▶ Undone
//	        │                 │
//	        ▼                 ▼
//	      Failed            Stuck
//
// A replacement passes Doing twice: Removed lies between. Undoing it passes Removed too, and from there it only makes
// the old one again.
//
// A run that the user stops ends "stopped": what is done stays, and only what a crash cut off is undone.
package apply

import (
	"errors"
	"fmt"
	"time"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/state"
)

// Status is how far a task has come.
type Status string

const (
	Do      Status = "do"      // not begun
	Doing   Status = "doing"   // begun: the provider may have been called
	Removed Status = "removed" // of a replacement: one is gone, the other not begun; in an undo, maybe begun
	Done    Status = "done"
	Failed  Status = "failed" // what it left behind, if anything, is in the state, tainted
	Undoing Status = "undoing"
	Undone  Status = "undone"
	Stuck   Status = "stuck" // undoing it failed
)

// Run is one application of a plan. It is the journal's; everything in it survives a crash.
type Run struct {
	ID      string     `json:"id"`
	Plan    *plan.Plan `json:"plan"`
	Started time.Time  `json:"started"`
	By      *Client    `json:"by,omitempty"` // who began it; nil if that cannot be told
	Tasks   []Task     `json:"tasks"`        // parallel to Plan.Changes
	Undoing bool       `json:"undoing,omitempty"`
	Stopped bool       `json:"stopped,omitempty"` // by the user, or as Held says: what is done stays, the rest is left
	Held    bool       `json:"held,omitempty"`    // stopped by the failure of a component that says so
	Error   string     `json:"error,omitempty"`   // the failure that made it undo
}

// check tells whether the run can be carried on with: it may come from a file.
func (r *Run) check() error {
	if r.Plan == nil || len(r.Tasks) != len(r.Plan.Changes) {
		return errors.New("it records a run whose tasks are not those of its plan")
	}
	return nil
}

// beginning says who began the run, and when.
func (r *Run) beginning() string {
	at := r.Started.Local().Format(time.DateTime)
	if r.By == nil {
		return "it began at " + at
	}
	return fmt.Sprintf("%s began it at %s", r.By, at)
}

// Task is the progress of one change.
type Task struct {
	Status Status        `json:"status"`
	Error  string        `json:"error,omitempty"`
	Took   time.Duration `json:"took,omitempty"`
	// Needs are those that the object had before the task changed it or took it away, which it has again when that is taken
	// back: what else goes in the meantime, and in which order the next plan removes, hangs on them.
	Needs []addr.Instance `json:"needs,omitempty"`
}

// record is one entry of the journal. Exactly one of its parts is set.
type record struct {
	New    *identity   `json:"new,omitempty"`
	Run    *Run        `json:"run,omitempty"`
	Task   *taskRecord `json:"task,omitempty"`
	Turn   *turnRecord `json:"turn,omitempty"`
	End    *endRecord  `json:"end,omitempty"`
	Serial uint64      `json:"serial"`
}

// identity is the first record of a book.
type identity struct {
	Format    int    `json:"format"`
	Stack     string `json:"stack"`
	Directory string `json:"directory"`
	Lineage   string `json:"lineage"`
}

// taskRecord moves one task on and, in the same record, changes the object that it is about.
type taskRecord struct {
	Index  int32         `json:"index"`
	Status Status        `json:"status"`
	Error  string        `json:"error,omitempty"`
	Took   time.Duration `json:"took,omitempty"`
	Object *state.Object `json:"object,omitempty"` // as it is now
	Gone   bool          `json:"gone,omitempty"`   // there is no object any more
}

// turnRecord makes the run undo, or stop.
type turnRecord struct {
	Undo  bool   `json:"undo,omitempty"`
	Stop  bool   `json:"stop,omitempty"`
	Held  bool   `json:"held,omitempty"`
	Error string `json:"error,omitempty"`
}

// endRecord ends the run.
type endRecord struct {
	Generation  state.Generation        `json:"generation"`
	Outputs     map[string]state.Output `json:"outputs,omitempty"`
	KeepOutputs bool                    `json:"keep_outputs,omitempty"`
	Objects     []state.Object          `json:"objects,omitempty"` // joins, and objects whose needs changed
	Gone        []string                `json:"gone,omitempty"`    // joins that are no more
}

// snapshot is all of a book at once.
type snapshot struct {
	Identity    identity                `json:"identity"`
	Serial      uint64                  `json:"serial"`
	Objects     []*state.Object         `json:"objects"`
	Generations []state.Generation      `json:"generations"`
	Outputs     map[string]state.Output `json:"outputs"`
	Plugins     []state.Plugin          `json:"plugins,omitempty"`
	Run         *Run                    `json:"run,omitempty"`
}
