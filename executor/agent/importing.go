package agent

import (
	"context"
	"fmt"
	"slices"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/providers/sdk"
)

// importing is the graph in which a resource is taken over by its id instead of made. Only what is wanted and not recorded yet can be.
func (w *written) importing(ctx context.Context, graph *eval.Graph, q *ImportRequest) (*eval.Graph, error) {
	at := q.Addr
	if key, ok := at.AsKey(); ok && w.wants(graph, at) < 0 {
		at = key // app.post[1] also names what count made
	}
	i := w.wants(graph, at)
	if i < 0 {
		return nil, w.notThere(graph, q.Addr)
	}
	typ := graph.Nodes[i].Type
	if _, ok := w.input.Types[typ].Attributes[sdk.ImportAttribute]; !ok {
		return nil, &Problem{Message: fmt.Sprintf("%s cannot be imported: things of the type %s have no id of their own", at, typ),
			Hint: fmt.Sprintf("Types can be imported that have the attribute %s: those of Terraform's providers, and of plugins that have it.", sdk.ImportAttribute)}
	}
	if w.stack.book.Copy().Objects[at] != nil {
		return nil, &Problem{Message: fmt.Sprintf("%s is recorded already", at), Hint: "recipe show tells what is known of it."}
	}
	w.input.Import = map[addr.Instance]string{at: q.ID}
	again, diags := eval.Make(ctx, w.input) // without errors, like the one before
	if diags.HasErrors() {
		return nil, diags
	}
	return again, nil
}

// wants is the index of a resource in the graph, -1 if it is not wanted.
func (w *written) wants(graph *eval.Graph, at addr.Instance) int {
	return slices.IndexFunc(graph.Nodes, func(n eval.Desired) bool { return n.Type != "" && n.Addr == at })
}

// notThere names what may have been meant.
func (w *written) notThere(graph *eval.Graph, at addr.Instance) error {
	var known []string
	for _, n := range graph.Nodes {
		if _, ok := w.input.Types[n.Type].Attributes[sdk.ImportAttribute]; ok {
			known = append(known, n.Addr.String())
		}
	}
	hint := "Write it into the recipe first: what is imported becomes what is written there."
	if near := diag.Suggest(at.String(), known); near != "" {
		hint = fmt.Sprintf("Did you mean %s?", near)
	}
	return &Problem{Message: fmt.Sprintf("the stack has no resource %s", at), Hint: hint, Kind: "not-found"}
}
