package laws

import (
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

func readBeforeCreation(t *trial) error {
	if err := t.reads(t.null(), t.null()); err != nil {
		return err
	}
	if t.subject.Remembered || t.schema.Shared {
		return nil // the first lives in what is known; the second may have been made by another stack
	}
	return t.reads(Object(t.schema, t.thing.Create), t.null())
}

// make creates the thing.
func (t *trial) make() (cty.Value, error) {
	v, err := t.apply(t.null(), Object(t.schema, t.thing.Create), t.token(), false)
	if err != nil {
		return v, fmt.Errorf("creation: %w", err)
	}
	return v, nil
}

// change brings the thing from before to the given values.
func (t *trial) change(before cty.Value, values Values) (cty.Value, error) {
	after := Object(t.schema, values)
	if name := t.replaced(before, after); name != "" {
		return before, fmt.Errorf("fault of the test: an update changes %q, which replaces the thing", name)
	}
	v, err := t.apply(before, after, t.token(), false)
	if err != nil {
		return v, fmt.Errorf("update: %w", err)
	}
	for name, a := range t.schema.Attributes {
		if a.Stable && !v.GetAttr(name).RawEquals(before.GetAttr(name)) {
			return v, fmt.Errorf("the stable attribute %q changed", name)
		}
	}
	return v, nil
}

func (t *trial) replaced(before, after cty.Value) string {
	for name, a := range t.schema.Attributes {
		if a.Replace && !before.GetAttr(name).RawEquals(after.GetAttr(name)) {
			return name
		}
	}
	return ""
}

// remove deletes the thing.
func (t *trial) remove(before cty.Value) error {
	if _, err := t.apply(before, t.null(), t.token(), false); err != nil {
		return fmt.Errorf("deletion: %w", err)
	}
	return nil
}

func create(t *trial) error {
	v, err := t.make()
	if err != nil {
		return err
	}
	return t.reads(v, v)
}

// sameToken repeats a creation and a deletion as an engine does that died before it noted their end.
func sameToken(t *trial) error {
	wanted, token := Object(t.schema, t.thing.Create), t.token()
	first, err := t.apply(t.null(), wanted, token, false)
	if err != nil {
		return err
	}
	seen := t.observe()
	t.known = t.null()
	second, err := t.apply(t.null(), wanted, token, false)
	if err != nil {
		return fmt.Errorf("repeated: %w", err)
	}
	if !t.subject.Remembered && !same(first, second) {
		return fmt.Errorf("the repeated creation gives another value%s", t.difference(first, second))
	}
	if err := t.observes(seen); err != nil {
		return fmt.Errorf("repeated creation: %w", err)
	}
	return t.reads(second, second)
}

func update(t *trial) error {
	v, err := t.make()
	if err != nil {
		return err
	}
	for i, values := range t.thing.Updates {
		if v, err = t.updateTwice(v, values); err != nil {
			return fmt.Errorf("update %d: %w", i+1, err)
		}
	}
	return nil
}

// updateTwice changes the thing, reads it, and makes the same change with the same token again.
func (t *trial) updateTwice(before cty.Value, values Values) (cty.Value, error) {
	known := t.known
	after, err := t.change(before, values)
	if err != nil {
		return before, err
	}
	if err := t.reads(after, after); err != nil {
		return after, err
	}
	seen, token := t.observe(), fmt.Sprintf("%s#%d", t.address, t.tokens)
	t.known = known
	again, err := t.apply(before, Object(t.schema, values), token, false)
	if err != nil {
		return after, fmt.Errorf("repeated: %w", err)
	}
	if !same(after, again) {
		return after, fmt.Errorf("the repeated update gives another value%s", t.difference(after, again))
	}
	return after, t.observes(seen)
}

func deletion(t *trial) error {
	v, err := t.make()
	if err != nil {
		return err
	}
	for _, values := range t.thing.Updates {
		if v, err = t.change(v, values); err != nil {
			return err
		}
	}
	token := t.token()
	for range 2 {
		if _, err := t.apply(v, t.null(), token, false); err != nil {
			return fmt.Errorf("deletion: %w", err)
		}
		t.known = v // as an engine that died before it noted the end
	}
	seen := t.observe()
	if err := t.remove(v); err != nil {
		return fmt.Errorf("of what is gone: %w", err)
	}
	if err := t.observes(seen); err != nil {
		return fmt.Errorf("deletion of what is gone: %w", err)
	}
	return t.gone(v)
}

// gone checks that Read finds nothing, whatever the engine still knows.
func (t *trial) gone(known cty.Value) error {
	if t.subject.Remembered || t.schema.Shared {
		return t.reads(t.null(), t.null())
	}
	return t.reads(known, t.null())
}

func drift(t *trial) error {
	v, err := t.make()
	if err != nil || t.thing.Damage == nil {
		return err
	}
	seen := t.observe()
	t.thing.Damage()
	found, err := t.read(v)
	if err != nil {
		return err
	}
	if same(found, v) {
		return fmt.Errorf("the damage is not seen by Read")
	}
	t.known = found
	repaired, err := t.repair(found)
	if err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	if err := t.observes(seen); err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	return t.reads(repaired, repaired)
}

// repair brings a damaged thing to how it was made. A type that plans may want a new one for that.
func (t *trial) repair(found cty.Value) (cty.Value, error) {
	wanted := Object(t.schema, t.thing.Create)
	if t.schema.Plans {
		p, failed, broken := t.plan(found, wanted)
		if failed != nil || broken != nil {
			return found, errors.Join(failed, broken)
		}
		if p.Replace != nil {
			if err := t.remove(found); err != nil {
				return found, err
			}
			found = t.null()
		}
	}
	return t.apply(found, wanted, t.token(), false)
}

// failure tries what cannot be made true and then what can.
func failure(t *trial) error {
	for i, values := range t.thing.Wrong {
		if err := t.fail(values); err != nil {
			return fmt.Errorf("wrong value %d: %w", i+1, err)
		}
	}
	return nil
}

func (t *trial) fail(values Values) error {
	v, err := t.mustFail(values)
	if err != nil {
		return err
	}
	t.known = v
	if !v.IsNull() { // tainted: replaced
		if err := t.remove(v); err != nil {
			return fmt.Errorf("of what was left: %w", err)
		}
	}
	if v, err = t.make(); err != nil {
		return err
	}
	if err := t.reads(v, v); err != nil {
		return err
	}
	return t.remove(v)
}

// steps returns all states that the thing takes, the creation first.
func (t *trial) steps() []Values { return slices.Concat([]Values{t.thing.Create}, t.thing.Updates) }
