package eval

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/function"
)

// stackScope is what expressions of the stack file see, as far as it is the same for all of them. Locals that name
// components are late: they are worked out by a Pass, each time from just the components they name.
type stackScope struct {
	meter *function.Meter
	base  *hcl.EvalContext // functions, and the roots var, stack, and local with the early ones
	early map[string]cty.Value
	late  map[string]*lateLocal
}

type lateLocal struct {
	local *config.Local
	refs  []config.Reference // of itself and of the locals it names
	order int                // late locals with a lower order come first
}

func newStackScope(s *config.Stack, variables map[string]cty.Value) (*stackScope, hcl.Diagnostics) {
	meter := function.NewMeter()
	meter.Reset(len(s.Components))
	meter.Resume()
	scope := &stackScope{
		meter: meter,
		base: &hcl.EvalContext{Functions: meter.Functions(), Variables: map[string]cty.Value{
			"var":   cty.ObjectVal(variables),
			"stack": cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(s.Name)}),
		}},
		early: map[string]cty.Value{},
		late:  map[string]*lateLocal{},
	}
	var diags hcl.Diagnostics
	for _, local := range inOrder(s.Locals) {
		if refs := scope.references(local.Expr); refs != nil {
			scope.late[local.Name] = &lateLocal{local: local, refs: refs, order: len(scope.late)}
			continue
		}
		scope.base.Variables["local"] = cty.ObjectVal(scope.early)
		v, more := bounded(local.Expr, scope.base)
		diags = append(diags, more...)
		scope.early[local.Name] = v
	}
	scope.base.Variables["local"] = cty.ObjectVal(scope.early)
	return scope, diags
}

// inOrder sorts locals so that each comes after those it names. Cycles were refused when the file was loaded.
func inOrder(locals map[string]*config.Local) []*config.Local {
	var sorted []*config.Local
	done := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		local := locals[name]
		if local == nil || done[name] {
			return
		}
		done[name] = true
		for _, used := range attributesOf(local.Expr, "local") {
			visit(used)
		}
		sorted = append(sorted, local)
	}
	for _, name := range slices.Sorted(maps.Keys(locals)) {
		visit(name)
	}
	return sorted
}

// attributesOf lists the names x of the traversals root.x in e.
func attributesOf(e hcl.Expression, root string) []string {
	var names []string
	for _, t := range e.Variables() {
		if t.RootName() == root && len(t) > 1 {
			if a, ok := t[1].(hcl.TraverseAttr); ok {
				names = append(names, a.Name)
			}
		}
	}
	return names
}

// references lists the components that e names, by itself or through late locals.
func (s *stackScope) references(e hcl.Expression) []config.Reference {
	refs := references(e.Variables())
	for _, name := range attributesOf(e, "local") {
		if late := s.late[name]; late != nil {
			refs = append(refs, late.refs...)
		}
	}
	return refs
}

// references lists the components among traversals; a literal key is part of the reference.
func references(traversals []hcl.Traversal) []config.Reference {
	var refs []config.Reference
	for _, t := range traversals {
		kind, ok := addr.ParseKind(t.RootName())
		if !ok || kind == addr.Package || len(t) < 2 {
			continue
		}
		name, ok := t[1].(hcl.TraverseAttr)
		if !ok {
			continue
		}
		c := addr.Component{Kind: kind, Name: name.Name}
		if len(t) > 2 {
			if index, ok := t[2].(hcl.TraverseIndex); ok {
				c.Key = keyOf(index.Key)
			}
		}
		refs = append(refs, config.Reference{Component: c, Range: t.SourceRange()})
	}
	return refs
}

func keyOf(v cty.Value) string {
	switch {
	case v.Type() == cty.String:
		return addr.StringKey(v.AsString())
	case v.Type() == cty.Number:
		return addr.StringKey(v.AsBigFloat().Text('f', -1))
	}
	return ""
}

// context is what expressions of the stack see that name the components given, by their blocks' kind and name.
func (s *stackScope) context(each map[string]cty.Value, components map[string]map[string]cty.Value, exprs ...hcl.Expression) (*hcl.EvalContext, hcl.Diagnostics) {
	if len(each)+len(components)+len(s.late) == 0 {
		return s.base, nil
	}
	ctx := s.base.NewChild()
	ctx.Variables = make(map[string]cty.Value, len(each)+len(components)+1)
	maps.Copy(ctx.Variables, each)
	for kind, byName := range components {
		ctx.Variables[kind] = cty.ObjectVal(byName)
	}
	return ctx, s.addLate(ctx, exprs)
}

// addLate works out the late locals that exprs use.
func (s *stackScope) addLate(ctx *hcl.EvalContext, exprs []hcl.Expression) hcl.Diagnostics {
	used := map[string]*lateLocal{}
	var collect func(e hcl.Expression)
	collect = func(e hcl.Expression) {
		for _, name := range attributesOf(e, "local") {
			if late := s.late[name]; late != nil && used[name] == nil {
				used[name] = late
				collect(late.local.Expr)
			}
		}
	}
	if len(s.late) > 0 {
		for _, e := range exprs {
			collect(e)
		}
	}
	if len(used) == 0 {
		return nil
	}
	sorted := slices.SortedFunc(maps.Values(used), func(a, b *lateLocal) int { return a.order - b.order })
	values := maps.Clone(s.early)
	var diags hcl.Diagnostics
	for _, late := range sorted {
		ctx.Variables["local"] = cty.ObjectVal(values)
		v, more := bounded(late.local.Expr, ctx)
		diags = append(diags, more...)
		values[late.local.Name] = v
	}
	ctx.Variables["local"] = cty.ObjectVal(values)
	return diags
}

// element is one component that a block with count or for_each stands for.
type element struct {
	key  string
	each map[string]cty.Value
}

// elements works out count and for_each of a block: one element without a key when it has neither.
func (s *stackScope) elements(b *config.Component) ([]element, hcl.Diagnostics) {
	switch {
	case b.Count != nil:
		n, diags := s.whole(b.Count, nil, "count", 0, 100_000)
		list := make([]element, n)
		for i := range list {
			list[i] = element{key: addr.NumberKey(i), each: map[string]cty.Value{"count": cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(int64(i))})}}
		}
		return list, diags
	case b.ForEach != nil:
		return s.forEach(b.ForEach)
	}
	return []element{{}}, nil
}

func (s *stackScope) forEach(e hcl.Expression) ([]element, hcl.Diagnostics) {
	v, diags := s.settled(e, nil, "for_each")
	if diags.HasErrors() {
		return nil, diags
	}
	ty := v.Type()
	if v.IsNull() || !(ty.IsMapType() || ty.IsObjectType() || ty.IsSetType() && ty.ElementType() == cty.String) {
		return nil, fail(e.Range(), "for_each takes a map or a set", "This is a %s. Use a map, or toset([…]) of strings.", ty.FriendlyName())
	}
	var list []element
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		list = append(list, element{key: addr.StringKey(key.AsString()), each: map[string]cty.Value{
			"each": cty.ObjectVal(map[string]cty.Value{"key": key, "value": value})}})
	}
	return list, nil
}

// settled evaluates what shapes the graph and therefore must not depend on what only an apply can know.
func (s *stackScope) settled(e hcl.Expression, each map[string]cty.Value, what string) (cty.Value, hcl.Diagnostics) {
	if refs := s.references(e); refs != nil {
		return cty.NilVal, fail(refs[0].Range, "Depends on a component", "%s says how many components there are, so it cannot depend on %s. Use variables and locals.", what, refs[0].Component)
	}
	ctx, _ := s.context(each, nil)
	v, diags := e.Value(ctx)
	if diags.HasErrors() {
		return v, diags
	}
	v, _ = v.UnmarkDeep()
	if !v.IsWhollyKnown() {
		return v, fail(e.Range(), "Not known yet", "%s has to be known when planning.", what)
	}
	return v, nil
}

func (s *stackScope) whole(e hcl.Expression, each map[string]cty.Value, what string, low, high int) (int, hcl.Diagnostics) {
	v, diags := s.settled(e, each, what)
	if diags.HasErrors() {
		return 0, diags
	}
	v, err := convert.Convert(v, cty.Number) // as "-var" gives it for a variable without a type
	if err != nil || v.IsNull() {
		return 0, fail(e.Range(), "Not a number", "%s takes a whole number from %d to %d.", what, low, high)
	}
	n, err := strconv.Atoi(v.AsBigFloat().Text('f', -1))
	if err != nil || n < low || n > high {
		return 0, fail(e.Range(), "Out of range", "%s takes a whole number from %d to %d.", what, low, high)
	}
	return n, nil
}

func fail(at hcl.Range, summary, format string, args ...any) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: at.Ptr()}}
}
