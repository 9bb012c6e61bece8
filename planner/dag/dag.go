// Package dag holds dependency graphs of small integers: who needs whom, in what order, and which chain is longest.
// Everything is linear in nodes and edges, and nothing transitive is ever stored.
package dag

import "slices"

// Graph is who needs whom: needs[i] lists the nodes that come before node i. It is read only.
type Graph struct {
	needs [][]int32
}

// New takes the needs of each node; the slices are kept and must not change.
func New(needs [][]int32) *Graph { return &Graph{needs: needs} }

// Needs lists the nodes that come before i.
func (g *Graph) Needs(i int32) []int32 { return g.needs[i] }

// Dependents lists for each node the nodes that need it, in ascending order.
func (g *Graph) Dependents() [][]int32 {
	counts := make([]int32, len(g.needs))
	edges := 0
	for _, needs := range g.needs {
		edges += len(needs)
		for _, n := range needs {
			counts[n]++
		}
	}
	all := make([]int32, edges)
	dependents := make([][]int32, len(g.needs))
	start := int32(0)
	for i, c := range counts {
		dependents[i] = all[start : start : start+c]
		start += c
	}
	for i, needs := range g.needs {
		for _, n := range needs {
			dependents[n] = append(dependents[n], int32(i))
		}
	}
	return dependents
}

// Order lists all nodes so that each comes after its needs; of two that could come next the lower number comes
// first found, so equal graphs have equal orders. If some nodes need each other it returns a cycle instead: each
// node needs the next, and the last the first.
func (g *Graph) Order() (order, cycle []int32) {
	missing := make([]int32, len(g.needs))
	order = make([]int32, 0, len(g.needs))
	for i, needs := range g.needs {
		missing[i] = int32(len(needs))
		if len(needs) == 0 {
			order = append(order, int32(i))
		}
	}
	dependents := g.Dependents()
	for next := 0; next < len(order); next++ {
		for _, d := range dependents[order[next]] {
			if missing[d]--; missing[d] == 0 {
				order = append(order, d)
			}
		}
	}
	if len(order) == len(g.needs) {
		return order, nil
	}
	return nil, g.cycle(missing)
}

// cycle walks back from a node that never became ready; every such node has a need that never did either.
func (g *Graph) cycle(missing []int32) []int32 {
	at := int32(slices.IndexFunc(missing, func(m int32) bool { return m > 0 }))
	seen := map[int32]int{}
	var path []int32
	for {
		if start, again := seen[at]; again {
			return path[start:]
		}
		seen[at] = len(path)
		path = append(path, at)
		at = g.needs[at][slices.IndexFunc(g.needs[at], func(n int32) bool { return missing[n] > 0 })]
	}
}

// CriticalPath returns the chain of needs with the greatest total cost, first node first, and that cost. order is
// what Order returned; cost is never negative.
func (g *Graph) CriticalPath(order []int32, cost func(int32) int64) (path []int32, total int64) {
	until := make([]int64, len(g.needs))
	before := make([]int32, len(g.needs))
	last := int32(-1)
	for _, i := range order {
		before[i] = -1
		for _, n := range g.needs[i] {
			if before[i] < 0 || until[n] > until[before[i]] {
				before[i] = n
			}
		}
		until[i] = cost(i)
		if before[i] >= 0 {
			until[i] += until[before[i]]
		}
		if last < 0 || until[i] > until[last] {
			last = i
		}
	}
	if last < 0 {
		return nil, 0
	}
	for i := last; i >= 0; i = before[i] {
		path = append(path, i)
	}
	slices.Reverse(path)
	return path, until[last]
}

// Reach marks every node that start leads to along edges, start included. edges is what leads on from a node:
// Needs for what comes before, or an entry of Dependents for what comes after.
func (g *Graph) Reach(start []int32, edges func(int32) []int32) []bool {
	reached := make([]bool, len(g.needs))
	todo := slices.Clone(start)
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if reached[i] {
			continue
		}
		reached[i] = true
		todo = append(todo, edges(i)...)
	}
	return reached
}
