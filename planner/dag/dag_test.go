package dag

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestOrderPutsNeedsFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "nodes")
		needs := make([][]int32, n)
		for i := range needs {
			for j := range i {
				if rapid.Bool().Draw(t, "edge") {
					needs[i] = append(needs[i], int32(j))
				}
			}
		}
		order, cycle := New(needs).Order()
		if cycle != nil || len(order) != n {
			t.Fatalf("order %v, cycle %v of an acyclic graph", order, cycle)
		}
		place := make([]int, n)
		for at, i := range order {
			place[i] = at
		}
		for i, ns := range needs {
			for _, need := range ns {
				if place[need] >= place[i] {
					t.Fatalf("%d comes before its need %d", i, need)
				}
			}
		}
	})
}

func TestCycleIsNamed(t *testing.T) {
	// 0 <- 1 <- 2 <- 3 <- 1, and 4 that only needs the cycle.
	g := New([][]int32{nil, {0, 3}, {1}, {2}, {3}})
	_, cycle := g.Order()
	if len(cycle) != 3 {
		t.Fatalf("cycle %v, want the three nodes 1, 2, 3", cycle)
	}
	for at, i := range cycle {
		next := cycle[(at+1)%len(cycle)]
		if !slices.Contains(g.Needs(i), next) {
			t.Errorf("%d does not need %d, the next of the cycle %v", i, next, cycle)
		}
	}
}

func TestCriticalPath(t *testing.T) {
	g := New([][]int32{nil, {0}, {0}, {1, 2}, nil})
	cost := []int64{1, 5, 2, 1, 3}
	order, _ := g.Order()
	path, total := g.CriticalPath(order, func(i int32) int64 { return cost[i] })
	if !slices.Equal(path, []int32{0, 1, 3}) || total != 7 {
		t.Errorf("path %v of cost %d, want [0 1 3] of cost 7", path, total)
	}
}

func TestReach(t *testing.T) {
	g := New([][]int32{nil, {0}, {1}, nil})
	got := g.Reach([]int32{2}, g.Needs)
	if !slices.Equal(got, []bool{true, true, true, false}) {
		t.Errorf("2 reaches %v", got)
	}
	dependents := g.Dependents()
	got = g.Reach([]int32{0}, func(i int32) []int32 { return dependents[i] })
	if !slices.Equal(got, []bool{true, true, true, false}) {
		t.Errorf("0 is reached from %v", got)
	}
}
