package apply

import (
	"context"
	"errors"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/state"
)

// undo takes task i back: it does the same as do, from what is there now to what was there before the run. What the
// user's data lives in is kept.
func (c *carrier) undo(ctx context.Context, i int32) {
	change := &c.changes[i]
	switch c.status(i) {
	case Do, Undone, Stuck:
		return
	}
	if !change.Does() || change.Action == plan.Backup { // a backup stays
		return
	}
	begin := time.Now()
	c.emit(i, Event{Phase: UndoStart})
	if left, err := c.restore(ctx, i); err != nil {
		if c.failed() == nil && ctx.Err() == nil {
			err = errors.Join(err, c.stuck(i, left, err))
		}
		c.emit(i, Event{Phase: Errored, Error: err.Error(), Took: time.Since(begin)})
		return
	}
	c.emit(i, Event{Phase: UndoDone, Took: time.Since(begin)})
}

// stuck records that task i could not be taken back, and what is there instead. What is as recorded stays so: only what
// the undo left half done has to be replaced.
func (c *carrier) stuck(i int32, left cty.Value, cause error) error {
	if left != cty.NilVal && !left.IsNull() {
		if now, err := c.current(i); err == nil && plan.Same(now, left) {
			left = cty.NilVal
		}
	}
	return c.recordLeft(i, taskRecord{Status: Stuck, Error: cause.Error()}, left)
}

// restore returns with an error what the provider left, NilVal if it was not reached.
func (c *carrier) restore(ctx context.Context, i int32) (left cty.Value, err error) {
	now, err := c.current(i)
	if err != nil {
		return cty.NilVal, err
	}
	before, err := c.decode(i, c.changes[i].Before)
	if err != nil {
		return cty.NilVal, err
	}
	// Removed stays: whether the new one of a replacement is gone already must not be forgotten.
	removed := c.status(i) == Removed
	if !removed && !c.record(i, taskRecord{Status: Undoing}) {
		return cty.NilVal, c.failed()
	}
	if c.changes[i].Action == plan.Forget {
		return cty.NilVal, c.restored(i, before)
	}
	if now.IsNull() && !removed {
		// A creation that was cut off may have made something that nobody recorded; its provider cleans up, starting
		// from what was wanted.
		now = c.intended(i)
	}
	if c.changes[i].Action == plan.Replace && !now.IsNull() && !before.IsNull() {
		if left, err := c.call(ctx, i, now, cty.NullVal(now.Type()), c.token(i, "undo-delete"), true); err != nil {
			return left, err
		}
		if !c.record(i, taskRecord{Status: Removed, Gone: true}) {
			return cty.NilVal, c.failed()
		}
		now = cty.NullVal(now.Type())
	}
	if now.IsNull() && before.IsNull() {
		return cty.NilVal, c.restored(i, before)
	}
	result, err := c.call(ctx, i, now, before, c.token(i, "undo"), true)
	if err != nil {
		return result, err
	}
	return cty.NilVal, c.restored(i, result)
}

// intended is what a creation without a record was about to make, null if there was none or that cannot be told any more.
func (c *carrier) intended(i int32) cty.Value {
	none := cty.NullVal(c.types[c.changes[i].Type].Object())
	if c.nodes[i] < 0 {
		return none
	}
	c.passMu.Lock()
	defer c.passMu.Unlock()
	v, diags := c.pass.Wanted(c.nodes[i])
	if diags.HasErrors() || !v.IsWhollyKnown() {
		return none
	}
	return v
}

// needsBefore are the needs that the thing of task i had before the task changed it; else those of now.
func (c *carrier) needsBefore(i int32) (needs []addr.Instance) {
	c.Book.View(func(s *state.State, r *Run) {
		needs = r.Tasks[i].Needs
		if o := s.Objects[c.changes[i].Addr]; o != nil && needs == nil {
			needs = o.Needs
		}
	})
	return needs
}

func (c *carrier) restored(i int32, v cty.Value) error {
	t := taskRecord{Status: Undone}
	if v.IsNull() {
		t.Gone = true
	} else {
		object, err := c.newObject(i, v)
		if err != nil {
			return err
		}
		object.Needs = c.needsBefore(i)
		t.Object = object
	}
	if !c.record(i, t) {
		return c.failed()
	}
	return nil
}
