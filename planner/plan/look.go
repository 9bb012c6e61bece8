package plan

import (
	"context"
	"slices"
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
	recorded cty.Value
	actual   cty.Value // null when it is gone; recorded when nobody looked
	tainted  bool
}

// look reads every recorded resource. One that cannot be looked at is taken as recorded, with a warning: it may
// live in a middleware that is down, and that must not keep a plan from mending it.
func (m *maker) look(ctx context.Context) hcl.Diagnostics {
	objects := make([]*state.Object, 0, len(m.State.Objects))
	for _, o := range m.State.Objects {
		if o.Type != "" {
			objects = append(objects, o)
		}
	}
	m.seen = make([]known, len(objects))
	seen, said := m.seen, make([]hcl.Diagnostics, len(objects))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(lookers, len(objects)) {
		wait.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(objects)); i = next.Add(1) - 1 {
				seen[i], said[i] = m.lookAt(ctx, objects[i])
			}
		})
	}
	wait.Wait()
	diags := slices.Concat(said...)
	if err := ctx.Err(); err != nil {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Interrupted", Detail: "Looking at what is there was interrupted; nothing was changed."})
	}
	return diags
}

// sort finds the nodes of what is recorded.
func (m *maker) sort() {
	seen := m.seen
	m.extra = nil
	if m.Graph != nil {
		m.known = make([]*known, len(m.Graph.Nodes))
	}
	for i := range seen {
		if m.Graph != nil {
			if id, ok := m.Graph.Find(seen[i].object.Addr); ok {
				m.known[id] = &seen[i]
				continue
			}
		}
		m.extra = append(m.extra, &seen[i])
	}
}

func (m *maker) lookAt(ctx context.Context, o *state.Object) (known, hcl.Diagnostics) {
	schema, ok := m.types[o.Type]
	if !ok {
		return known{object: o}, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Unknown resource type in the state",
			Detail: o.Addr.String() + " is of the type " + o.Type + ", which this recipe does not have. Use the version that applied it."}}
	}
	recorded, err := o.Decode(schema.object, m.Open)
	if err != nil {
		return known{object: o}, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Damaged state", Detail: err.Error() + "."}}
	}
	k := known{object: o, recorded: recorded, actual: recorded, tainted: o.Tainted}
	if m.Trust {
		return k, nil
	}
	clear, secret := recorded, schema.sensitive || o.Secret()
	if secret {
		clear, _ = recorded.UnmarkDeep()
	}
	actual, problems := m.Provider.Resource(o.Type).Read(ctx, sdk.Identity{Address: o.Addr.String(), Stack: m.State.Stack, Known: clear})
	if problems.HasErrors() {
		return k, hcl.Diagnostics{{Severity: hcl.DiagWarning, Summary: "Cannot look at " + o.Addr.String(),
			Detail: state.Redact(problems.Err().Error(), recorded) + ". It is taken to be as last known."}}
	}
	k.actual = actual
	if secret {
		k.actual = Remark(actual, recorded, schema.TypeSchema)
	}
	return k, warnings(o.Addr, problems, recorded)
}

// warnings are what a provider wants the user to know of the thing that it looked at, without the secrets it was given.
func warnings(a addr.Instance, said sdk.Diagnostics, given cty.Value) (diags hcl.Diagnostics) {
	for i := range said {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagWarning,
			Summary: state.Redact(said[i].Summary, given), Detail: a.String() + ": " + state.Redact(said[i].Detail, given)})
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
