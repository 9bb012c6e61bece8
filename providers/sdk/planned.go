package sdk

import (
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// Check says which promise p breaks as the answer of a Planner of the type t to q; nil if it keeps them all:
//
//   - After is an object of the type, without marks.
//   - What Wanted says is in it as it is there, and what is unknown in Wanted is unknown in it: nobody knows better than the recipe.
//   - What Wanted leaves to the provider, a computed attribute that is null, is known or unknown, and not null; a stable one is
//     as in Before, unless the thing is replaced.
//   - Replace names attributes that change, among them each one that the schema calls so; there is something to replace.
//
// What an unknown part is known to be besides is of no importance, and a set with something unknown in it is unknown as a whole.
func (p Planned) Check(t TypeSchema, q PlanRequest) error {
	if err := p.fits(t); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(t.Attributes)) {
		if err := p.keeps(name, t.Attributes[name], q); err != nil {
			return err
		}
	}
	return p.replaces(t, q.Before)
}

// fits checks that After belongs to the type.
func (p Planned) fits(t TypeSchema) error {
	switch {
	case p.After == cty.NilVal || p.After.IsNull():
		return fmt.Errorf("it plans nothing where something is wanted")
	case p.After.ContainsMarked():
		return fmt.Errorf("it plans a value with marks")
	case !p.After.IsKnown():
		return fmt.Errorf("it plans a value that is unknown as a whole")
	}
	if faults := p.After.Type().TestConformance(t.Object()); faults != nil {
		return fmt.Errorf("it plans a value that is not of the type: %w", faults[0])
	}
	return nil
}

// keeps checks one attribute of After.
func (p Planned) keeps(name string, a Attribute, q PlanRequest) error {
	wanted, after := q.Wanted.GetAttr(name), p.After.GetAttr(name)
	if !a.Computed || !wanted.IsNull() {
		if !Agree(wanted, after) {
			return fmt.Errorf("it plans the attribute %q in another way than it is wanted", name)
		}
		return nil
	}
	if after.IsNull() {
		return fmt.Errorf("it plans nothing for the computed attribute %q; leave it unknown if it is not known before", name)
	}
	if a.Stable && p.Replace == nil && !q.Before.IsNull() && !after.RawEquals(q.Before.GetAttr(name)) {
		return fmt.Errorf("it plans to change the stable attribute %q", name)
	}
	return nil
}

// replaces checks what needs a new thing.
func (p Planned) replaces(t TypeSchema, before cty.Value) error {
	switch {
	case p.Replace == nil && before.IsNull():
		return nil
	case before.IsNull():
		return fmt.Errorf("it plans to replace what is not there")
	case p.Replace != nil && len(p.Replace) == 0:
		return fmt.Errorf("it plans to replace the thing and does not say for which attribute")
	}
	for _, name := range p.Replace {
		if _, ok := t.Attributes[name]; !ok {
			return fmt.Errorf("it plans to replace the thing for %.100q, and there is no such attribute", name)
		}
		if before.GetAttr(name).RawEquals(p.After.GetAttr(name)) {
			return fmt.Errorf("it plans to replace the thing for the attribute %q, which does not change", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Attributes)) {
		if t.Attributes[name].Replace && !slices.Contains(p.Replace, name) && !before.GetAttr(name).RawEquals(p.After.GetAttr(name)) {
			return fmt.Errorf("it plans to change the attribute %q in place, and the schema says that this needs a new thing", name)
		}
	}
	return nil
}

// Held says what of a plan does not come true: planned is After of what was planned, and v is what is going to be made, or was.
// Attributes that are null in v are left to the provider, if the schema lets them be computed. NilVal promises nothing.
func (t TypeSchema) Held(planned, v cty.Value) error {
	if planned == cty.NilVal || planned.IsNull() || v.IsNull() {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(t.Attributes)) {
		got := v.GetAttr(name)
		if open := t.Attributes[name].Computed && got.IsNull(); !open && !cameTrue(planned.GetAttr(name), got) {
			return fmt.Errorf("the attribute %q is not as it was planned", name)
		}
	}
	return nil
}

// Agree reports whether two values say the same as far as they know: where one is unknown the other is too.
func Agree(a, b cty.Value) bool {
	if hidden(a) || hidden(b) {
		return hidden(a) && hidden(b)
	}
	return alike(a, b, Agree)
}

// cameTrue reports whether v is as planned, which may be unknown in parts.
func cameTrue(planned, v cty.Value) bool {
	return hidden(planned) || !hidden(v) && alike(planned, v, cameTrue)
}

// hidden reports whether nothing is known of v but its type.
func hidden(v cty.Value) bool {
	return !v.IsKnown() || v.Type().IsSetType() && !v.IsWhollyKnown()
}

// alike compares two known values, and what is in them by same.
func alike(a, b cty.Value, same func(a, b cty.Value) bool) bool {
	switch one, other := a.Type(), b.Type(); {
	case a.IsNull() || b.IsNull():
		return a.IsNull() && b.IsNull()
	case one.IsMapType() && other.IsMapType(), one.IsObjectType() && other.IsObjectType():
		return maps.EqualFunc(a.AsValueMap(), b.AsValueMap(), same)
	case one.IsListType() && other.IsListType(), one.IsTupleType() && other.IsTupleType():
		return slices.EqualFunc(a.AsValueSlice(), b.AsValueSlice(), same)
	}
	return a.RawEquals(b)
}
