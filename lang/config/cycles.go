package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// node is something named whose value comes from expressions that may name other nodes.
type node struct {
	name  string // as expressions write it: "local.url"
	exprs []hcl.Expression
	at    hcl.Range
}

// edge is a place where a node names another one.
type edge struct {
	to string
	at hcl.Range
}

func localNodes(locals map[string]*Local) []node {
	var out []node
	for _, l := range sortedByRange(locals, func(l *Local) hcl.Range { return l.Range }) {
		out = append(out, node{name: "local." + l.Name, exprs: []hcl.Expression{l.Expr}, at: l.Range})
	}
	return out
}

// checkCycles reports each group of nodes that name each other in a circle, with one circle written out.
func (l *loader) checkCycles(nodes []node) {
	c := cycles{edges: map[string][]edge{}, state: map[string]int{}}
	for _, n := range nodes {
		c.edges[n.name] = nil
	}
	for _, n := range nodes {
		c.edges[n.name] = c.outgoing(n)
	}
	for _, n := range nodes {
		if found := c.visit(n.name); found != nil {
			l.circle(found)
		}
	}
}

// circle reports one circle: each edge by the place that names the next node.
func (l *loader) circle(found []edge) {
	var b strings.Builder
	from := found[len(found)-1].to
	for _, e := range found {
		fmt.Fprintf(&b, "\n  %s uses %s at %s", from, e.to, place(e.at))
		from = e.to
	}
	l.fault(found[0].at.Ptr(), "Values in a circle", "%s depends on itself, so it has no value:%s\nWrite one of them without the other.", from, b.String())
}

// The states of a node while the graph is walked.
const (
	entered = iota + 1
	left
)

type cycles struct {
	edges map[string][]edge
	state map[string]int
}

func (c *cycles) outgoing(n node) []edge {
	var out []edge
	for _, expr := range n.exprs {
		for _, t := range expr.Variables() {
			// Names have two or three parts, and the longer one must be tried first.
			for _, steps := range []int{3, 2} {
				if len(t) < steps {
					continue
				}
				name := dotted(t[:steps])
				if _, known := c.edges[name]; known {
					out = append(out, edge{to: name, at: t.SourceRange()})
					break
				}
			}
		}
	}
	return out
}

// visit walks from start without recursion, since a chain of locals may be as long as a file, and returns the edges
// of the first circle found; nil without one.
func (c *cycles) visit(start string) []edge {
	if c.state[start] != 0 {
		return nil
	}
	type frame struct {
		name string
		next int
	}
	stack := []frame{{name: start}}
	c.state[start] = entered
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.next == len(c.edges[top.name]) {
			c.state[top.name] = left
			stack = stack[:len(stack)-1]
			continue
		}
		e := c.edges[top.name][top.next]
		top.next++
		switch c.state[e.to] {
		case 0:
			c.state[e.to] = entered
			stack = append(stack, frame{name: e.to})
		case entered:
			var found []edge
			for i := len(stack) - 1; i >= 0; i-- {
				f := stack[i]
				found = append(found, c.edges[f.name][f.next-1])
				c.state[f.name] = left
				if f.name == e.to {
					// What led to the circle must not report it again.
					for _, before := range stack[:i] {
						c.state[before.name] = left
					}
					break
				}
			}
			slices.Reverse(found)
			return found
		}
	}
	return nil
}

// sortedByRange returns the values of a map in the order of the files.
func sortedByRange[V any](all map[string]V, at func(V) hcl.Range) []V {
	if len(all) == 0 {
		return nil
	}
	return slices.SortedFunc(maps.Values(all), func(a, b V) int {
		p, q := at(a), at(b)
		return cmp.Or(cmp.Compare(p.Filename, q.Filename), cmp.Compare(p.Start.Byte, q.Start.Byte))
	})
}
