package plan

import (
	"maps"
	"slices"

	"github.com/nsynapse/recipe/lang/addr"
)

// orderTurns has the instances of a component with backups changed one after another, the highest first: those are
// backups until one had to take over. Whoever is primary when its turn comes is followed by one that was changed before it,
// unless a failover had changed the order.
func (m *maker) orderTurns() {
	if m.Graph == nil {
		return
	}
	turns := map[addr.Component]map[int][]int32{} // the processes that are stopped and started, by instance
	for id := range m.Graph.Nodes {
		t := &m.tasks[id]
		if t.Type != "instance" || m.Graph.Backups(int32(id)) == 0 || !t.Does() || t.Action == Create {
			continue
		}
		if turns[t.Addr.Component] == nil {
			turns[t.Addr.Component] = map[int][]int32{}
		}
		of := turns[t.Addr.Component]
		of[t.Addr.Index] = append(of[t.Addr.Index], int32(id))
	}
	for _, of := range turns {
		var before []int32
		for _, index := range descending(of) {
			for _, id := range of[index] {
				m.after(id, before)
			}
			before = of[index]
		}
	}
}

func descending(of map[int][]int32) []int {
	indexes := slices.Sorted(maps.Keys(of))
	slices.Reverse(indexes)
	return indexes
}
