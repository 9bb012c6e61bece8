package plan

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// planner is the type if it plans for itself. Where nothing is kept there is nobody to ask: a check starts no provider.
func (m *maker) planner(name string) sdk.Planner {
	if m.Seal == nil {
		return nil
	}
	p, _ := m.Provider.Resource(name).(sdk.Planner)
	return p
}

// ask lets a type plan its thing; anew says that it is made anew. It settles the action, and returns how the thing will turn
// out; ok is false if there is no plan.
func (m *maker) ask(ctx context.Context, planner sdk.Planner, c *comparison, t *task, n *eval.Desired, wanted cty.Value, prior *known, anew bool) (planned cty.Value, ok bool) {
	null := cty.NullVal(c.object)
	recorded, before := null, null
	if prior != nil {
		recorded = prior.recorded
		if !anew {
			before = prior.actual
		}
	}
	answer, said := planner.Plan(ctx, sdk.PlanRequest{
		Identity: sdk.Identity{Address: n.Addr.String(), Stack: m.State.Stack, Known: clear(recorded)},
		Before:   clear(before), Wanted: clear(wanted),
	})
	m.said(n, said, recorded, wanted)
	if said.HasErrors() {
		return cty.NilVal, false
	}
	answer.Reason = state.Redact(answer.Reason, recorded, wanted)
	planned = Conceal(Remark(answer.After, wanted, c.TypeSchema), c.TypeSchema, wanted, recorded)
	if anew {
		if t.Action == Create && answer.Reason != "" {
			t.Reason = answer.Reason
		}
		return planned, true
	}
	c.turns(prior, planned)
	t.Action, t.Reason = c.decision(answer)
	if t.Action == NoOp {
		return prior.actual, true
	}
	return planned, true
}

func clear(v cty.Value) cty.Value {
	v, _ = v.UnmarkDeep()
	return v
}

// said passes on what a provider says of a plan, without the secrets it was given.
func (m *maker) said(n *eval.Desired, said sdk.Diagnostics, given ...cty.Value) {
	for i := range said {
		d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: state.Redact(said[i].Summary, given...), Subject: m.Graph.At(n, said[i].Path).Ptr(),
			Detail: n.Addr.String() + ": " + state.Redact(said[i].Rest(), given...)}
		if said[i].Severity == sdk.Warning {
			d.Severity = hcl.DiagWarning
		}
		if rest, ok := ofProvider(said[i].Path); ok {
			// It is the same for all that this configuration is for: once is enough.
			about := sdk.Diagnostic{Path: rest, Detail: said[i].Detail}
			if d.Detail = state.Redact(about.Rest(), given...); m.wasSaid(d) {
				continue
			}
		}
		m.diags = append(m.diags, d)
	}
}

// ofProvider reports whether a path leads into the configuration of a provider, and where there.
func ofProvider(path cty.Path) (rest cty.Path, ok bool) {
	if len(path) == 0 || path[0] != (cty.GetAttrStep{Name: sdk.ProviderAttribute}) {
		return nil, false
	}
	return path[1:], true
}

func (m *maker) wasSaid(d *hcl.Diagnostic) bool {
	return slices.ContainsFunc(m.diags, func(other *hcl.Diagnostic) bool {
		return other.Subject != nil && *other.Subject == *d.Subject && other.Summary == d.Summary && other.Detail == d.Detail
	})
}

// turns fills changed with what differs between a thing and how its type says that it will turn out. What has only changed
// by itself is a change too: what is recorded of the thing has to keep up.
func (c *comparison) turns(prior *known, planned cty.Value) {
	for _, name := range c.attributes {
		was, before, after := prior.recorded.GetAttr(name), prior.actual.GetAttr(name), planned.GetAttr(name)
		hidden := c.Attributes[name].Hidden
		switch {
		case !Same(before, after):
			drifted := Same(was, after)
			c.drifted = c.drifted || drifted && !hidden
			c.names = append(c.names, name)
			if !hidden {
				c.describe(name, before, after, drifted)
			}
		case !hidden && !Same(was, after):
			// What was not recorded at all may be what an earlier version of the plugin did not tell.
			drifted := !missing(was)
			c.drifted = c.drifted || drifted
			c.names = append(c.names, name)
			c.describe(name, was, after, drifted)
		}
	}
}

// decision is what follows from the answer of a type that plans for itself.
func (c *comparison) decision(answer sdk.Planned) (Action, string) {
	switch {
	case answer.Replace != nil:
		verb := " changes, which needs a new one"
		if len(answer.Replace) > 1 {
			verb = " change, which needs a new one"
		}
		return Replace, strings.Join(answer.Replace, ", ") + verb
	case len(c.names) == 0:
		return NoOp, ""
	case answer.Reason != "":
		return Update, answer.Reason
	}
	var shown []string
	for _, name := range c.names {
		if !c.Attributes[name].Hidden {
			shown = append(shown, name)
		}
	}
	if shown == nil {
		return Update, "its provider keeps something else of it"
	}
	c.names = shown
	return Update, c.reason()
}
