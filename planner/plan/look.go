package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/function"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// lookers is how many resources are looked at together; most of that time is spent waiting for files and sockets.
const lookers = 16

// known is a resource as recorded and as it is now.
type known struct {
	object   *state.Object
	looked   bool // the rest is filled in
	recorded cty.Value
	actual   cty.Value // null when it is gone; recorded when nobody looked
	tainted  bool
	other    []string // attributes that are recorded in another way than the type has them now; recorded has them as they are
	runs     bool     // it is a process, and runs
	used     bool     // it is an allocation, and there is something in its data directory
}

// recall lists what is recorded. Nobody has looked at it yet.
func (m *maker) recall() {
	for _, o := range m.State.Objects {
		if o.Type != "" {
			m.seen = append(m.seen, known{object: o})
		}
	}
}

// look reads those of the recorded resources that nobody has looked at; nil stands for none. One that cannot be looked at is taken as
// recorded, with a warning: it may live in a middleware that is down, and that must not keep a plan from mending it.
func (m *maker) look(ctx context.Context, list []*known) hcl.Diagnostics {
	list = slices.DeleteFunc(slices.Clone(list), func(k *known) bool { return k == nil || k.looked })
	said := make([]hcl.Diagnostics, len(list))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(lookers, len(list)) {
		wait.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
				*list[i], said[i] = m.lookAt(ctx, list[i].object)
				list[i].looked = true
			}
		})
	}
	wait.Wait()
	diags := slices.Concat(said...)
	if err := ctx.Err(); err != nil {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Interrupted", Detail: "Looking at what is there was interrupted; nothing was changed."})
	}
	m.looked, m.diags = append(m.looked, diags...), append(m.diags, diags...)
	return diags
}

// lookAhead looks at what is recorded of nodes.
func (m *maker) lookAhead(ctx context.Context, ids []int32) hcl.Diagnostics {
	list := make([]*known, len(ids))
	for i, id := range ids {
		list[i] = m.known[id]
	}
	return m.look(ctx, list)
}

// forget drops the values of nodes that need no change. Should they be planned once more, they are looked at again.
func (m *maker) forget(ids []int32) {
	for _, id := range ids {
		if k := m.known[id]; k != nil && m.tasks[id].Action == NoOp {
			*k = known{object: k.object, runs: k.runs, used: k.used}
		}
	}
}

// sort finds the nodes of what is recorded.
func (m *maker) sort() {
	m.extra = nil
	if m.Graph != nil {
		m.known = make([]*known, len(m.Graph.Nodes))
	}
	for i := range m.seen {
		k := &m.seen[i]
		if m.Graph != nil {
			if id, ok := m.Graph.Find(k.object.Addr); ok {
				m.known[id] = k
				continue
			}
		}
		m.extra = append(m.extra, k)
	}
}

func (m *maker) lookAt(ctx context.Context, o *state.Object) (known, hcl.Diagnostics) {
	schema, ok := m.types[o.Type]
	if !ok {
		return known{object: o}, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Unknown resource type in the state",
			Detail: o.Addr.String() + " is of the type " + o.Type + ", which neither this recipe nor the plugins of the stack have. Use the version that made it, and remove it with that first if the type is gone for good."}}
	}
	recorded, other, err := o.DecodeAsFar(schema.object, m.Open)
	if err != nil {
		return known{object: o}, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Damaged state", Detail: err.Error() + "."}}
	}
	k := known{object: o, recorded: recorded, actual: recorded, tainted: o.Tainted, other: other, runs: running(o, recorded), used: used(recorded)}
	if m.Trust {
		return k, k.otherType("nobody has looked at it. Plan without -refresh=false")
	}
	clear, secret := recorded, schema.sensitive || o.Secret()
	if secret {
		clear, _ = recorded.UnmarkDeep()
	}
	actual, problems := m.Provider.Resource(o.Type).Read(ctx, sdk.Identity{Address: o.Addr.String(), Stack: m.State.Stack, Known: clear})
	switch {
	case problems.HasErrors() && other != nil:
		return k, k.otherType("it cannot be looked at: " + state.Redact(problems.Err().Error(), recorded))
	case other != nil && actual.IsNull() && schema.Configured == nil:
		return k, k.otherType("it is not found by what is left, which does not say that it is gone. Plan with the version that made it, or remove it with that first")
	case problems.HasErrors():
		return k, hcl.Diagnostics{{Severity: hcl.DiagWarning, Summary: "Cannot look at " + o.Addr.String(),
			Detail: state.Redact(problems.Err().Error(), recorded) + ". It is taken to be as last known."}}
	}
	k.actual = actual
	if secret {
		k.actual = Remark(actual, recorded, schema.TypeSchema)
	}
	k.completed()
	k.runs, k.used = running(o, k.actual), used(k.actual)
	return k, warnings(o.Addr, problems, recorded)
}

// completed takes what is recorded in another way from how it is now.
func (k *known) completed() {
	if k.other == nil || k.actual.IsNull() {
		return
	}
	attributes := k.recorded.AsValueMap()
	for _, name := range k.other {
		attributes[name] = k.actual.GetAttr(name)
	}
	k.recorded = cty.ObjectVal(attributes)
}

// otherType refuses to go on with a thing that is recorded in another way and cannot be looked at; nil if it is not.
func (k *known) otherType(why string) hcl.Diagnostics {
	if k.other == nil {
		return nil
	}
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Recorded by another version of its plugin",
		Detail: fmt.Sprintf("%s: the type %s has another type for %s now than the version that made it, and %s.",
			k.object.Addr, k.object.Type, strings.Join(k.other, ", "), why)}}
}

// running reports whether v is how a process is that runs.
func running(o *state.Object, v cty.Value) bool {
	return o.Type == "instance" && !v.IsNull() && v.Type().HasAttribute("running") && !v.GetAttr("running").False()
}

// warnings are what a provider wants the user to know of the thing that it looked at, without the secrets it was given.
func warnings(a addr.Instance, said sdk.Diagnostics, given cty.Value) (diags hcl.Diagnostics) {
	for i := range said {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagWarning,
			Summary: state.Redact(said[i].Summary, given), Detail: a.String() + ": " + state.Redact(said[i].Rest(), given)})
	}
	return diags
}

// Remark marks in v, which comes from a provider in clear, what is sensitive: by the schema, and wherever like is.
func Remark(v, like cty.Value, schema sdk.TypeSchema) cty.Value {
	if v.IsNull() || !v.IsKnown() {
		return v
	}
	attributes := v.AsValueMap()
	plain, _ := like.Unmark()
	for name, a := range schema.Attributes {
		value := attributes[name]
		if a.Sensitive {
			attributes[name] = value.Mark(function.Sensitive)
			continue
		}
		if plain != cty.NilVal && plain.IsKnown() && !plain.IsNull() {
			attributes[name] = remark(value, plain.GetAttr(name))
		}
	}
	return cty.ObjectVal(attributes)
}

func remark(v, like cty.Value) cty.Value {
	if like.IsMarked() {
		return v.Mark(function.Sensitive)
	}
	if !v.IsKnown() || v.IsNull() || like.IsNull() || !like.IsKnown() || !like.ContainsMarked() {
		return v
	}
	switch ty := v.Type(); {
	case ty.IsMapType() && v.LengthInt() > 0, ty.IsObjectType():
		values := v.AsValueMap()
		others := like.AsValueMap()
		for name, value := range values {
			if other, ok := others[name]; ok {
				values[name] = remark(value, other)
			}
		}
		if ty.IsObjectType() {
			return cty.ObjectVal(values)
		}
		return cty.MapVal(values)
	case ty.IsListType() && v.LengthInt() > 0:
		values := v.AsValueSlice()
		others := like.AsValueSlice()
		for i := range values {
			if i < len(others) {
				values[i] = remark(values[i], others[i])
			}
		}
		return cty.ListVal(values)
	}
	return v
}
