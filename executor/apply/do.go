package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// do carries out task i, or what an interrupted attempt left of it.
func (c *carrier) do(ctx context.Context, i int32) error {
	change := &c.changes[i]
	if change.Type == "" || change.Action == plan.NoOp {
		return c.join(i)
	}
	status := c.status(i)
	switch status {
	case Done:
		return nil
	case Failed: // before a crash that kept the run from turning round
		return errors.New(c.failure(i))
	}
	begin := time.Now()
	c.emit(i, Event{Phase: Started})
	err := c.attempt(ctx, i, status, begin)
	if err != nil {
		event := Event{Phase: Errored, Error: err.Error(), Took: time.Since(begin)}
		if ctx.Err() != nil {
			event.Error = "stopped before it was done"
		}
		c.emit(i, event)
		return err
	}
	c.emit(i, Event{Phase: Completed, Took: time.Since(begin)})
	return nil
}

// join works out the value of a node that does nothing itself.
func (c *carrier) join(i int32) error {
	if id := c.nodes[i]; id >= 0 && c.changes[i].Type == "" {
		c.passMu.Lock()
		defer c.passMu.Unlock()
		if _, diags := c.pass.Wanted(id); diags.HasErrors() {
			return diags
		}
	}
	return nil
}

func (c *carrier) attempt(ctx context.Context, i int32, status Status, begin time.Time) error {
	switch c.changes[i].Action {
	case plan.Backup:
		return c.backup(ctx, i, status, begin)
	case plan.Remove:
		return c.delete(ctx, i, status, Done, begin)
	case plan.Forget:
		if !c.record(i, taskRecord{Status: Done, Gone: true}) {
			return c.failed()
		}
		return nil
	case plan.Replace:
		if status != Removed {
			if before := c.object(i); before != nil {
				if err := c.delete(ctx, i, status, Removed, begin); err != nil {
					return err
				}
			}
			status = Removed
		}
	}
	return c.bring(ctx, i, status, begin)
}

// delete takes the recorded thing away; then is the status after it.
func (c *carrier) delete(ctx context.Context, i int32, status, then Status, begin time.Time) error {
	before, err := c.current(i)
	if err != nil {
		return err
	}
	if status != Doing && !c.record(i, taskRecord{Status: Doing}) {
		return c.failed()
	}
	seen, err := c.seen(i, before)
	if err != nil {
		return err
	}
	left, err := c.call(ctx, i, seen, cty.NullVal(before.Type()), c.token(i, "delete"), false)
	if err != nil {
		return c.fail(i, left, err)
	}
	if !c.record(i, taskRecord{Status: then, Gone: true, Took: time.Since(begin)}) {
		return c.failed()
	}
	return nil
}

// bring makes the thing as wanted.
func (c *carrier) bring(ctx context.Context, i int32, status Status, begin time.Time) error {
	before, err := c.current(i)
	if err != nil {
		return err
	}
	after, err := c.wanted(i, before)
	if err != nil {
		return err
	}
	if status != Doing && c.settled(i, before, after) {
		// Planned because something was not known; now that it is, nothing differs.
		c.set(i, before)
		if !c.record(i, taskRecord{Status: Done}) {
			return c.failed()
		}
		return nil
	}
	// What the new value holds in secrets is in the vault before anything that could depend on it exists.
	if _, err := state.Encode(after, c.seal); err != nil {
		return err
	}
	if status != Doing && !c.record(i, taskRecord{Status: Doing}) {
		return c.failed()
	}
	seen, err := c.seen(i, before)
	if err != nil {
		return err
	}
	result, err := c.call(ctx, i, seen, after, c.token(i, "create"), false)
	if err != nil {
		return c.fail(i, result, err)
	}
	if result.IsNull() {
		return fmt.Errorf("internal error: the provider says it made nothing")
	}
	return c.finish(i, result, begin)
}

func (c *carrier) finish(i int32, result cty.Value, begin time.Time) error {
	object, err := c.newObject(i, result)
	if err != nil {
		return err
	}
	object.Took = time.Since(begin)
	c.set(i, result)
	if !c.record(i, taskRecord{Status: Done, Object: object, Took: object.Took}) {
		return c.failed()
	}
	return nil
}

func (c *carrier) set(i int32, v cty.Value) {
	if id := c.nodes[i]; id >= 0 {
		c.passMu.Lock()
		defer c.passMu.Unlock()
		c.pass.Set(id, v)
	}
}

// newObject is the record of a thing as it is now.
func (c *carrier) newObject(i int32, v cty.Value) (*state.Object, error) {
	encoded, err := state.Encode(v, c.seal)
	if err != nil {
		return nil, err
	}
	return &state.Object{Addr: c.changes[i].Addr, Type: c.changes[i].Type, Value: encoded, Needs: c.needs(i)}, nil
}

// needs are the addresses that the thing needs, for the order of its removal.
func (c *carrier) needs(i int32) []addr.Instance {
	if c.nodes[i] < 0 {
		return c.needsBefore(i)
	}
	return needsOf(c.Graph.Nodes[c.nodes[i]].Needs, func(id int32) addr.Instance { return c.Graph.Nodes[id].Addr })
}

func needsOf(ids []int32, name func(int32) addr.Instance) []addr.Instance {
	names := make([]addr.Instance, len(ids))
	for i, id := range ids {
		names[i] = name(id)
	}
	return names
}

// failure is what a failed task was recorded with.
func (c *carrier) failure(i int32) (text string) {
	c.Book.View(func(_ *state.State, r *Run) { text = r.Tasks[i].Error })
	return text
}

// interrupted reports whether the agent ends in the middle of the run. A task that was cut short by that has not
// failed: it stays begun, as after a crash, and the next Carry goes on with it.
func (c *carrier) interrupted() bool {
	select {
	case <-c.ended:
	default:
		return false
	}
	stopped := false
	c.Book.View(func(_ *state.State, r *Run) { stopped = r.Stopped })
	return !stopped
}

// fail records a failed task with what it left, in one record, and returns err.
func (c *carrier) fail(i int32, left cty.Value, err error) error {
	if c.interrupted() {
		return err
	}
	if recordErr := c.recordLeft(i, taskRecord{Status: Failed, Error: err.Error()}, left); recordErr != nil {
		return errors.Join(err, recordErr)
	}
	return err
}

// recordLeft records a task that failed, in either direction, together with what its provider left.
func (c *carrier) recordLeft(i int32, t taskRecord, left cty.Value) error {
	switch {
	case left == cty.NilVal: // the provider was not reached: as it was
	case left.IsNull():
		t.Gone = true
	default:
		object, err := c.newObject(i, left)
		if err != nil {
			return err
		}
		object.Tainted = true
		t.Object = object
	}
	if !c.record(i, t) {
		return c.failed()
	}
	return nil
}

// current is the recorded value, null if there is none.
func (c *carrier) current(i int32) (cty.Value, error) {
	o := c.object(i)
	if o == nil {
		return cty.NullVal(c.types[c.changes[i].Type].Object()), nil
	}
	v, other, err := state.DecodeAsFar(o.Value, c.types[c.changes[i].Type].Object(), c.Open)
	if err != nil || other == nil {
		return v, err
	}
	// Another version of its plugin has recorded it: the plan has looked at it.
	seen, err := c.decode(i, c.changes[i].Before)
	if err != nil || seen.IsNull() {
		return v, err
	}
	attributes := v.AsValueMap()
	for _, name := range other {
		attributes[name] = seen.GetAttr(name)
	}
	return cty.ObjectVal(attributes), nil
}

// seen is the thing as the plan saw it, where that is more than what is recorded: the state does not know of a process
// that the user has stopped. Without a record there is nothing to change.
func (c *carrier) seen(i int32, recorded cty.Value) (cty.Value, error) {
	if recorded.IsNull() {
		return recorded, nil
	}
	actual, err := c.decode(i, c.changes[i].Before)
	if err != nil || actual.IsNull() {
		return recorded, err
	}
	return actual, nil
}

// wanted is the value to bring about, now that all needs are done. Computed attributes are kept from before where
// they stay, else null.
func (c *carrier) wanted(i int32, before cty.Value) (cty.Value, error) {
	if c.nodes[i] < 0 {
		return cty.NilVal, fmt.Errorf("internal error: the stack has no such resource")
	}
	c.passMu.Lock()
	v, diags := c.pass.Wanted(c.nodes[i])
	c.passMu.Unlock()
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	if !v.IsWhollyKnown() {
		return cty.NilVal, fmt.Errorf("its value depends on something that is still not known; if you used -target, include what it depends on")
	}
	if c.plans(i) {
		return v, nil // it holds what it does against the plan
	}
	err := c.asPlanned(i, v)
	if err != nil {
		return cty.NilVal, err
	}
	schema := c.types[c.changes[i].Type]
	if v, err = c.fillPlanned(i, v, schema); err != nil {
		return cty.NilVal, err
	}
	return keepComputed(v, before, schema), nil
}

// fillPlanned fills the open computed attributes of wanted with what the plan has settled, see plan.Input.Settle.
func (c *carrier) fillPlanned(i int32, wanted cty.Value, schema sdk.TypeSchema) (cty.Value, error) {
	planned, err := c.decode(i, c.changes[i].After)
	if err != nil {
		return cty.NilVal, err
	}
	attributes := wanted.AsValueMap()
	for name, a := range schema.Attributes {
		if !a.Computed || a.Stable { // what stays is kept from before
			continue
		}
		if plain, _ := attributes[name].Unmark(); plain.IsNull() && planned.GetAttr(name).IsWhollyKnown() {
			attributes[name] = planned.GetAttr(name)
		}
	}
	return cty.ObjectVal(attributes), nil
}

// keepComputed fills the open computed attributes of wanted from before: those that stay over every update.
func keepComputed(wanted, before cty.Value, schema sdk.TypeSchema) cty.Value {
	if before.IsNull() {
		return wanted
	}
	attributes := wanted.AsValueMap()
	for name, a := range schema.Attributes {
		if plain, _ := attributes[name].Unmark(); a.Computed && a.Stable && plain.IsNull() {
			attributes[name] = before.GetAttr(name)
		}
	}
	return cty.ObjectVal(attributes)
}

// asPlanned holds the value against the plan: never a change that the plan did not show.
func (c *carrier) asPlanned(i int32, v cty.Value) error {
	planned, err := c.decode(i, c.changes[i].After)
	if err != nil {
		return err
	}
	for name, a := range c.types[c.changes[i].Type].Attributes {
		p, w := planned.GetAttr(name), v.GetAttr(name)
		if plain, _ := w.Unmark(); a.Computed && plain.IsNull() || !p.IsWhollyKnown() {
			continue
		}
		if !plan.Same(p, w) {
			return fmt.Errorf("internal error: %s is not what the plan shows; nothing was changed here", name)
		}
	}
	return nil
}

// settled reports whether an update has nothing to do after all.
func (c *carrier) settled(i int32, before, after cty.Value) bool {
	if before.IsNull() || c.changes[i].Action == plan.Replace || c.changes[i].Action == plan.Create || c.plans(i) {
		return false
	}
	planned, err := c.decode(i, c.changes[i].After)
	if err != nil || planned.IsWhollyKnown() {
		return false // known when planned: it does differ, maybe from what somebody changed outside
	}
	for name, a := range c.types[c.changes[i].Type].Attributes {
		w := after.GetAttr(name)
		if plain, _ := w.Unmark(); a.Computed && plain.IsNull() {
			continue
		}
		if !plan.Same(before.GetAttr(name), w) {
			return false
		}
	}
	actual, err := c.decode(i, c.changes[i].Before)
	return err == nil && plan.Same(actual, before)
}
