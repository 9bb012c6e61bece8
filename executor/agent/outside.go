package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/shim/protocol"
	"github.com/nsynapse/recipe/planner/state"
)

// outsideUnits lists the processes of a stack that another executor runs, as they were when they were looked at last.
func (a *Agent) outsideUnits(s *stack) []UnitInfo {
	executor := s.executor()
	if executor == "" {
		return nil
	}
	instance := a.provider.Schema().Types["instance"].Object()
	var list []UnitInfo
	s.book.View(func(st *state.State, _ *apply.Run) {
		for at, o := range st.Objects {
			if o.Type == "instance" {
				list = append(list, a.outsideUnit(UnitInfo{Stack: s.name, Address: at.String(), Component: at.Component.String(), Executor: executor}, o, instance))
			}
		}
	})
	return list
}

// outsideUnit fills in how a process is; one that was not looked at yet is as it is recorded.
func (a *Agent) outsideUnit(u UnitInfo, o *state.Object, instance cty.Type) UnitInfo {
	seen, ok := a.outside.status(unitName(u.Stack, u.Address))
	if !ok {
		u.State = lastKnown(o, instance)
		u.Ready = u.State == "ready"
		return u
	}
	u.State, u.Ready, u.PID, u.Since, u.Restarts, u.Message = seen.State, seen.Ready, seen.PID, seen.Since, seen.Restarts, seen.Message
	return u
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
	return &Problem{Kind: "not-found", Message: fmt.Sprintf("the processes of %s are run by %s, and only that one can stop and start them", s.name, s.executor()),
		Hint: "recipe apply changes them, and with -replace=ADDRESS it makes one anew."}
}

// noLogs tells that another executor keeps what its processes write to itself.
func noLogs(s *stack) error {
	return &Problem{Kind: "not-found", Message: fmt.Sprintf("the processes of %s are run by %s, and it has put no log where logs are read", s.name, s.executor()),
		Hint: "Only " + s.executor() + " has their logs."}
}

// hasLog reports whether there is a log of one of the units.
func (a *Agent) hasLog(s *stack, units []string) bool {
	return slices.ContainsFunc(units, func(unit string) bool {
		_, err := os.Stat(filepath.Join(a.unitDir(s, unit), protocol.LogFile))
		return err == nil
	})
}
