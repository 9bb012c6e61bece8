package plan_test

import (
	"bytes"
	"testing"

	. "github.com/nsynapse/recipe/planner/plan"
)

// graphOf is the graph of the changes of a plan.
func graphOf(p *Plan) []GraphNode {
	nodes := make([]GraphNode, len(p.Changes))
	for i := range p.Changes {
		nodes[i] = GraphNode{Addr: p.Changes[i].Addr, Type: p.Changes[i].Type, Needs: p.Changes[i].Needs}
	}
	return nodes
}

func TestWriteGraph(t *testing.T) {
	nodes := graphOf(firstApply(t))
	keyed := newPlan(t)
	keyed.add(Create, `app.shop["a \"b\" <c> #1"]`+"[0]", "allocation", "new")
	nodes = append(nodes, graphOf(keyed.plan)...)
	for _, format := range []GraphFormat{Dot, Mermaid, JSON} {
		for name, full := range map[string]bool{"components": false, "full": true} {
			var b bytes.Buffer
			for range 2 {
				b.Reset()
				if err := WriteGraph(&b, nodes, GraphOptions{Format: format, Full: full}); err != nil {
					t.Fatal(err)
				}
			}
			golden(t, "graph-"+name+"."+string(format)+".golden", b.Bytes())
		}
	}
}

func TestGraphOfNothing(t *testing.T) {
	var b bytes.Buffer
	if err := WriteGraph(&b, nil, GraphOptions{Format: JSON}); err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"format_version\": \"1.0\",\n  \"nodes\": [],\n  \"edges\": []\n}\n"
	if b.String() != want {
		t.Errorf("got %s", b.String())
	}
}

func TestParseGraphFormat(t *testing.T) {
	if f, err := ParseGraphFormat("mermaid"); f != Mermaid || err != nil {
		t.Errorf("got %q, %v", f, err)
	}
	if _, err := ParseGraphFormat("png"); err == nil {
		t.Error("png is not refused")
	}
}
