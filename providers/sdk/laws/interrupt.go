package laws

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// point is one place at which an Apply is stopped; it makes the context that does it.
type point struct {
	name string
	stop func() (context.Context, context.CancelFunc)
}

// points returns places over the whole of a change: at the first looks at the context, which are the same in every
// run, and at parts of the time that an undisturbed change took.
func points(undisturbed time.Duration) []point {
	var all []point
	for _, looks := range []int64{1, 2, 3, 5, 8} {
		all = append(all, point{fmt.Sprintf("look %d", looks), func() (context.Context, context.CancelFunc) {
			return stopAtLook(looks)
		}})
	}
	for _, part := range []time.Duration{1, 2, 3} {
		all = append(all, point{fmt.Sprintf("%d/4 of the time", part), func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), undisturbed*part/4)
		}})
	}
	return all
}

// lookedAt is a context that ends when it is looked at for the nth time.
type lookedAt struct {
	context.Context
	left   atomic.Int64
	cancel context.CancelFunc
}

func stopAtLook(n int64) (context.Context, context.CancelFunc) {
	inner, cancel := context.WithCancel(context.Background())
	c := &lookedAt{Context: inner, cancel: cancel}
	c.left.Store(n)
	return c, cancel
}

func (c *lookedAt) look() {
	if c.left.Add(-1) == 0 {
		c.cancel()
	}
}

func (c *lookedAt) Done() <-chan struct{} {
	c.look()
	return c.Context.Done()
}

func (c *lookedAt) Err() error {
	c.look()
	return c.Context.Err()
}

func interruptedCreation(t *trial) error {
	began := time.Now()
	v, err := t.make()
	if err != nil {
		return err
	}
	took, seen := time.Since(began), t.observe()
	if err := t.remove(v); err != nil {
		return err
	}
	for _, p := range points(took) {
		v, err := t.stopped(p, t.null(), Object(t.schema, t.thing.Create))
		if err := t.endsAs(seen, v, err); err != nil {
			return fmt.Errorf("stopped at %s: %w", p.name, err)
		}
	}
	return nil
}

func interruptedUpdate(t *trial) error {
	if len(t.thing.Updates) == 0 {
		return nil
	}
	_, took, seen, err := t.clean()
	if err != nil {
		return err
	}
	for _, p := range points(took) {
		v, err := t.make()
		if err == nil {
			v, err = t.stopped(p, v, Object(t.schema, t.thing.Updates[0]))
		}
		if err := t.endsAs(seen, v, err); err != nil {
			return fmt.Errorf("stopped at %s: %w", p.name, err)
		}
	}
	return nil
}

// endsAs demands that a change which led to v, or failed with err, left what was seen after an undisturbed one; the thing is
// deleted then.
func (t *trial) endsAs(seen any, v cty.Value, err error) error {
	if err == nil {
		err = t.observes(seen)
	}
	if err == nil {
		err = t.remove(v)
	}
	return err
}

// clean makes the first update undisturbed and says how long it took and what was seen; the thing is deleted then.
func (t *trial) clean() (v cty.Value, took time.Duration, seen any, err error) {
	if v, err = t.make(); err != nil {
		return v, 0, nil, err
	}
	began := time.Now()
	if v, err = t.change(v, t.thing.Updates[0]); err != nil {
		return v, 0, nil, err
	}
	took, seen = time.Since(began), t.observe()
	return v, took, seen, t.remove(v)
}

func interruptedDeletion(t *trial) error {
	v, err := t.make()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := t.remove(v); err != nil {
		return err
	}
	took, seen := time.Since(began), t.observe()
	for _, p := range points(took) {
		v, err := t.make()
		if err == nil {
			_, err = t.stopped(p, v, t.null())
		}
		if err == nil {
			err = t.gone(v)
		}
		if err == nil {
			err = t.observes(seen)
		}
		if err != nil {
			return fmt.Errorf("stopped at %s: %w", p.name, err)
		}
	}
	return nil
}

// stopped makes a change that is stopped at p, and then the same again with the same token to its end.
func (t *trial) stopped(p point, before, after cty.Value) (cty.Value, error) {
	token := t.token()
	ctx, cancel := p.stop()
	defer cancel()
	_, _, broken := t.attempt(ctx, before, t.carry(before, after), token, false)
	if broken != nil {
		return before, fmt.Errorf("from Apply: %w", broken)
	}
	v, err := t.apply(before, after, token, false)
	if err != nil {
		return v, fmt.Errorf("repeated: %w", err)
	}
	if after.IsNull() {
		return v, nil
	}
	return v, t.reads(v, v)
}

// mustFail applies what cannot be made true and returns what it left.
func (t *trial) mustFail(values Values) (cty.Value, error) {
	v, failed, broken := t.attempt(context.Background(), t.null(), Object(t.schema, values), t.token(), false)
	if broken != nil {
		return v, fmt.Errorf("from Apply: %w", broken)
	}
	if failed == nil {
		return v, fmt.Errorf("the Apply succeeds")
	}
	return v, nil
}
