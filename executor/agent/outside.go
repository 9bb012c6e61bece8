package agent

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/planner/state"
)

// outside lists the processes of a stack that another executor runs, as they were known last: it is not asked, since a call for
// one of them may be under way, and there is never a second one.
func (s *stack) outside(instance cty.Type) []UnitInfo {
	executor := s.executor()
	if executor == "" {
		return nil
	}
	var list []UnitInfo
	s.book.View(func(st *state.State, _ *apply.Run) {
		for at, o := range st.Objects {
			if o.Type == "instance" {
				known := lastKnown(o, instance)
				list = append(list, UnitInfo{Stack: s.name, Address: at.String(), Component: at.Component.String(), State: known, Ready: known == "ready", Executor: executor})
			}
		}
	})
	return list
}

// lastKnown is the state of a process as it is recorded.
func lastKnown(o *state.Object, instance cty.Type) string {
	v, err := o.Decode(instance, func(string) (string, bool) { return "", true }) // secrets stay closed
	if err != nil {
		return "unknown"
	}
	plain, _ := v.UnmarkDeep()
	if running := plain.GetAttr("running"); running.IsKnown() && !running.IsNull() && running.True() {
		return "ready"
	}
	return "stopped"
}

// elsewhere refuses to do something with processes that another executor runs.
func elsewhere(s *stack) error {
	return &Problem{Kind: "not-found", Message: fmt.Sprintf("the processes of %s are run by %s, and only that one has their logs and can restart them", s.name, s.executor()),
		Hint: "recipe apply changes them, and with -replace=ADDRESS it makes one anew."}
}
