package laws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// foresee keeps for the token how a change is to turn out, if the type plans. The attempts of a change are held to one plan.
func (t *trial) foresee(before, after cty.Value, token string, undo bool) (failed, broken error) {
	if _, kept := t.planned[token]; kept || !t.schema.Plans || undo || after.IsNull() {
		return nil, nil
	}
	p, failed, broken := t.plan(before, after)
	if failed == nil && broken == nil && p.Replace != nil {
		failed = fmt.Errorf("fault of the test: an update changes %s, which replaces the thing", strings.Join(p.Replace, ", "))
	}
	if failed == nil && broken == nil {
		t.planned[token] = p.After
	}
	return failed, broken
}

// plan asks how a change would turn out; it may fail, and the answer has to be sound.
func (t *trial) plan(before, wanted cty.Value) (p sdk.Planned, failed, broken error) {
	planner, ok := t.resource.(sdk.Planner)
	if !ok {
		return p, nil, fmt.Errorf("the type has no Plan")
	}
	q := sdk.PlanRequest{Identity: sdk.Identity{Address: t.address, Stack: "trial", Known: t.known}, Before: before, Wanted: wanted}
	p, diags := planner.Plan(context.Background(), q)
	hidden := secrets(t.schema, before, wanted, p.After)
	for i := range diags {
		if containsAny(diags[i].Summary+"\n"+diags[i].Detail, hidden) {
			return p, nil, fmt.Errorf("from Plan: a diagnostic shows a sensitive value")
		}
	}
	if failed = diags.Err(); failed != nil {
		return p, fmt.Errorf("from Plan: %w", failed), nil
	}
	broken = p.Check(t.schema, q)
	switch {
	case broken != nil:
	case leak(t.schema, p.After, hidden) != "":
		broken = fmt.Errorf("attribute %q shows a sensitive value", leak(t.schema, p.After, hidden))
	case containsAny(p.Reason, hidden):
		broken = fmt.Errorf("the reason shows a sensitive value")
	}
	if broken != nil {
		broken = fmt.Errorf("from Plan: %w", broken)
	}
	return p, nil, broken
}

// plans is a plan that has to succeed, and to leave the world as it is.
func (t *trial) plans(before, wanted cty.Value) (sdk.Planned, error) {
	seen := t.observe()
	p, failed, broken := t.plan(before, wanted)
	if failed != nil {
		return p, failed
	}
	if broken != nil {
		return p, broken
	}
	if err := t.observes(seen); err != nil {
		return p, fmt.Errorf("a plan changes something: %w", err)
	}
	return p, nil
}

// each takes the thing through its states, and tries what holds before each step.
func (t *trial) each(holds func(before, wanted cty.Value) error) (cty.Value, error) {
	v := t.null()
	for i, values := range t.steps() {
		if err := holds(v, Object(t.schema, values)); err != nil {
			return v, fmt.Errorf("step %d: %w", i, err)
		}
		var err error
		if i == 0 {
			v, err = t.make()
		} else {
			v, err = t.change(v, values)
		}
		if err != nil {
			return v, err
		}
	}
	return v, nil
}

// plan asks for plans of all steps, of one that changes nothing, and of a thing that is made anew.
func plan(t *trial) error {
	v, err := t.each(func(before, wanted cty.Value) error {
		_, err := t.plans(before, wanted)
		return err
	})
	if err != nil {
		return err
	}
	steps := t.steps()
	last := Object(t.schema, steps[len(steps)-1])
	p, err := t.plans(v, last)
	if err != nil {
		return fmt.Errorf("of what is there: %w", err)
	}
	if p.Replace != nil || !same(p.After, v) {
		return fmt.Errorf("what is there as it is wanted would be changed%s", t.difference(p.After, v))
	}
	if _, err := t.plans(t.null(), last); err != nil {
		return fmt.Errorf("of what is made anew: %w", err)
	}
	return t.reads(v, v)
}

// planUnknown makes each attribute unknown in turn, as one is that comes from something which is changed first.
func planUnknown(t *trial) error {
	_, err := t.each(func(before, wanted cty.Value) error {
		later, err := t.plans(before, wanted)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(t.schema.Attributes)) {
			if wanted.GetAttr(name).IsNull() {
				continue
			}
			now, err := t.plans(before, with(wanted, name, cty.UnknownVal(t.schema.Attributes[name].Type)))
			if err != nil {
				return fmt.Errorf("%q not known: %w", name, err)
			}
			if (now.Replace == nil) != (later.Replace == nil) {
				continue // a replacement that is not needed after all, or one that Apply has to refuse
			}
			if err := t.schema.Held(now.After, later.After); err != nil {
				return fmt.Errorf("%q not known: what is said then is not true later: %w", name, err)
			}
		}
		return nil
	})
	return err
}

// planBroken has changes made whose plan says something else of what the type computes. They have to fail before they begin.
func planBroken(t *trial) error {
	_, err := t.each(func(before, wanted cty.Value) error {
		p, err := t.plans(before, wanted)
		if err != nil {
			return err
		}
		for name, a := range t.schema.Attributes {
			other, ok := another(p.After.GetAttr(name))
			if !ok || !a.Computed || !wanted.GetAttr(name).IsNull() {
				continue
			}
			if err := t.refuses(before, wanted, with(p.After, name, other)); err != nil {
				return fmt.Errorf("%q: %w", name, err)
			}
		}
		return nil
	})
	return err
}

// refuses checks that a change is not made which would not turn out as it was planned.
func (t *trial) refuses(before, wanted, planned cty.Value) error {
	seen, token := t.observe(), t.token()
	_, diags := t.resource.Apply(context.Background(), sdk.ApplyRequest{
		Identity: sdk.Identity{Address: t.address, Stack: "trial", Known: t.known},
		Before:   before, After: wanted, Token: token, Planned: planned,
	})
	if !diags.HasErrors() {
		return fmt.Errorf("it is made in another way than it was planned")
	}
	if err := t.observes(seen); err != nil {
		return fmt.Errorf("it is refused after something was done: %w", err)
	}
	return nil
}

// another is a value of the same type, if v is a known one that is easily changed.
func another(v cty.Value) (cty.Value, bool) {
	switch {
	case !v.IsKnown() || v.IsNull():
		return v, false
	case v.Type() == cty.String:
		return cty.StringVal(v.AsString() + " and more"), true
	case v.Type() == cty.Number:
		return v.Add(cty.NumberIntVal(1)), true
	case v.Type() == cty.Bool:
		return v.Not(), true
	}
	return v, false
}

// with is an object with another value of one attribute.
func with(object cty.Value, name string, v cty.Value) cty.Value {
	all := object.AsValueMap()
	all[name] = v
	return cty.ObjectVal(all)
}
