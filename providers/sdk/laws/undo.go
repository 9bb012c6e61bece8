package laws

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
)

func undoCreation(t *trial) error {
	seen := t.observe()
	v, err := t.make()
	if err != nil {
		return err
	}
	if err := t.takeBack(v, t.null()); err != nil {
		return err
	}
	if err := t.gone(v); err != nil {
		return err
	}
	return t.observes(seen)
}

func undoUpdate(t *trial) error {
	v, err := t.make()
	if err != nil {
		return err
	}
	for i, values := range t.thing.Updates {
		seen, before := t.observe(), v
		if v, err = t.change(before, values); err != nil {
			return err
		}
		if err := t.takeBack(v, before); err != nil {
			return fmt.Errorf("update %d: %w", i+1, err)
		}
		if err := t.reads(before, before); err != nil {
			return fmt.Errorf("update %d taken back: %w", i+1, err)
		}
		if err := t.observes(seen); err != nil {
			return fmt.Errorf("update %d taken back: %w", i+1, err)
		}
		if v, err = t.change(before, values); err != nil {
			return fmt.Errorf("after an undo: %w", err)
		}
	}
	return nil
}

func undoDeletion(t *trial) error {
	v, err := t.make()
	if err != nil {
		return err
	}
	seen := t.observe()
	if err := t.remove(v); err != nil {
		return err
	}
	if err := t.takeBack(t.null(), v); err != nil {
		return err
	}
	if err := t.reads(v, v); err != nil {
		return err
	}
	return t.observes(seen)
}

// takeBack undoes a change that led to after, twice with one token.
func (t *trial) takeBack(after, before cty.Value) error {
	token, known := t.token(), t.known
	for range 2 {
		t.known = known
		v, err := t.apply(after, before, token, true)
		if err != nil {
			return fmt.Errorf("undo: %w", err)
		}
		if !same(v, before) {
			return fmt.Errorf("undo returns another value%s", t.difference(v, before))
		}
	}
	return nil
}
