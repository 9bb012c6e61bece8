package state

import "github.com/nsynapse/recipe/lang/addr"

// NeededBy are the recorded resources and joins that those of which of says so need, by whatever way, and they themselves. What without
// says so of is left out, with all that is needed by it alone; nil for nothing.
func (s *State) NeededBy(of, without func(addr.Instance) bool) map[addr.Instance]bool {
	needed := map[addr.Instance]bool{}
	var todo []addr.Instance
	for a := range s.Objects {
		if of(a) {
			todo = append(todo, a)
		}
	}
	for len(todo) > 0 {
		a := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		o := s.Objects[a]
		if o == nil || needed[a] || without != nil && without(a) {
			continue
		}
		needed[a] = true
		todo = append(todo, o.Needs...)
	}
	return needed
}
