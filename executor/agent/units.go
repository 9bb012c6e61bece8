package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/local"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/executor/usage"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/state"
)

// The supervisor knows units by stack and address, for two stacks may name their apps alike.
func unitName(stack, address string) string { return local.UnitName(stack, address) }

func splitUnit(name string) (stack, address string, ok bool) { return strings.Cut(name, "/") }

// units lists the processes of a stack, or of all with "".
func (a *Agent) units(stack string) []UnitInfo {
	ports := map[string]map[string]int{}
	for _, e := range a.directory.List() {
		name := unitName(e.Stack, e.Unit)
		if ports[name] == nil {
			ports[name] = map[string]int{}
		}
		ports[name][e.Port] = e.Number
	}
	list := []UnitInfo{}
	held := a.heldUnits()
	for _, s := range a.supervisor.Statuses() {
		of, address, ok := splitUnit(s.Address)
		if !ok || stack != "" && of != stack {
			continue
		}
		_, component, _ := splitUnit(s.Component)
		info := UnitInfo{Stack: of, Address: address, Component: component, State: s.State.String(), Ready: s.Ready, PID: s.PID,
			Since: s.Since, Restarts: s.Restarts, Run: s.Run, Message: inStack(of, s.LastError)}
		info.Role = a.roles.role(s.Address)
		if info.Held = held(of, address); info.Held && info.Message == "" {
			info.Message = "keeps its version until recipe promote"
			if s.State == supervisor.Stopped {
				info.Message += ", and stays stopped until recipe start"
			}
		}
		if !s.Next.IsZero() {
			info.Next = &s.Next
		}
		if s.Last != nil {
			last := timedRun(of, address, *s.Last)
			info.Last = &last
		}
		list = append(list, info)
	}
	for _, s := range a.all() {
		if stack == "" || s.name == stack {
			list = append(list, a.outsideUnits(s)...)
		}
	}
	for i := range list {
		list[i].Ports = ports[unitName(list[i].Stack, list[i].Address)]
	}
	slices.SortFunc(list, func(x, y UnitInfo) int { return strings.Compare(x.Stack+" "+x.Address, y.Stack+" "+y.Address) })
	return list
}

// inStack is a message about units of a stack with their addresses alone. A path that has the name of the stack in it stays as it is.
func inStack(stack, message string) string {
	var pairs []string
	for _, before := range []string{" ", `"`, "("} {
		for _, kind := range []string{"app.", "middleware."} {
			pairs = append(pairs, before+unitName(stack, kind), before+kind)
		}
	}
	return strings.NewReplacer(pairs...).Replace(" " + message)[1:]
}

// withUsage is the list with what each takes of the machine. It looks at all processes there are, which not everybody needs.
func withUsage(list []UnitInfo) []UnitInfo {
	table, err := usage.Look()
	if err != nil {
		return list // nothing is shown of that
	}
	for i := range list {
		used := table.Of(list[i].PID)
		list[i].CPU, list[i].Memory = used.CPU.Seconds(), used.Memory
	}
	return list
}

// heldUnits tells of a unit whether it waits to be promoted.
func (a *Agent) heldUnits() func(stack, address string) bool {
	held := map[string][]addr.Instance{}
	for _, s := range a.all() {
		held[s.name] = s.held()
	}
	return func(stack, address string) bool {
		at, err := addr.Parse(address)
		return err == nil && slices.ContainsFunc(held[stack], func(i addr.Instance) bool { return i.Contains(at) && i.Slot == at.Slot })
	}
}

// choose lists the units of s that target contains, which the agent itself has to run.
func (a *Agent) choose(s *stack, target string) ([]string, error) {
	if s.executor() != "" {
		return nil, elsewhere(s)
	}
	return a.chooseAny(s, target)
}

// chooseAny lists the units of s that target contains, whoever runs them.
func (a *Agent) chooseAny(s *stack, target string) ([]string, error) {
	var chosen []string
	var within addr.Instance
	if target != "" {
		var err error
		if within, err = addr.Parse(target); err != nil {
			return nil, &Problem{Message: err.Error()}
		}
	}
	known := a.units(s.name)
	for _, u := range known {
		address, err := addr.Parse(u.Address)
		if target == "" || err == nil && within.Contains(address) {
			chosen = append(chosen, u.Address)
		}
	}
	if chosen == nil {
		return nil, &Problem{Message: fmt.Sprintf("no process of %s belongs to %s", s.name, cmp.Or(target, "it")), Kind: "not-found", Hint: runningComponents(known)}
	}
	return chosen, nil
}

func runningComponents(units []UnitInfo) string {
	var components []string
	for _, u := range units {
		components = append(components, u.Component)
	}
	if components == nil {
		return "The stack has no processes."
	}
	slices.Sort(components)
	return "There is " + strings.Join(slices.Compact(components), ", ") + "."
}

// levels groups units so that every level needs only earlier ones, or with forward false is needed only by earlier ones.
func (s *stack) levels(chosen []string, forward bool) [][]string {
	needs := map[string][]string{} // by component
	s.book.View(func(st *state.State, _ *apply.Run) {
		for a, o := range st.Objects {
			if o.Type != "" || a.Part != "base" {
				continue // the base of a component needs all that the component does, implementations too
			}
			for _, need := range o.Needs {
				if need.Component != a.Component {
					needs[a.Component.String()] = append(needs[a.Component.String()], need.Component.String())
				}
			}
		}
	})
	depth := map[string]int{}
	var measure func(component string) int
	measure = func(component string) int {
		if d, ok := depth[component]; ok {
			return d
		}
		depth[component] = 0 // plans have no cycles
		d := 0
		for _, need := range needs[component] {
			d = max(d, measure(need)+1)
		}
		depth[component] = d
		return d
	}
	var levels [][]string
	for _, unit := range chosen {
		a, err := addr.Parse(unit)
		if err != nil {
			continue
		}
		d := measure(a.Component.String())
		for len(levels) <= d {
			levels = append(levels, nil)
		}
		levels[d] = append(levels[d], unit)
	}
	if !forward {
		slices.Reverse(levels)
	}
	return slices.DeleteFunc(levels, func(l []string) bool { return len(l) == 0 })
}

// logs tells the last lines of all chosen units and, with follow, what comes after, until ctx ends.
func (a *Agent) logs(ctx context.Context, stack, target string, lines int, follow bool, tell func(LogLine) error) error {
	s, err := a.find(stack)
	if err != nil {
		return err
	}
	chosen, err := a.chooseAny(s, target)
	if err != nil {
		if a.oldRun(s, target) == "" {
			return err
		}
		chosen = []string{target}
	}
	if s.executor() != "" && !a.hasLog(s, chosen) {
		return noLogs(s)
	}
	var mu sync.Mutex
	say := func(unit, line string) error {
		mu.Lock()
		defer mu.Unlock()
		return tell(LogLine{Unit: unit, Line: line})
	}
	if !follow {
		for _, unit := range a.withLastRuns(s, chosen) {
			if err := a.tail(s, unit, lines, say); err != nil {
				return err
			}
		}
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make(chan error, len(chosen)+1)
	for _, unit := range chosen {
		go func() { errs <- a.tailAndFollow(ctx, s, unit, lines, say) }()
	}
	go func() { errs <- a.followRuns(ctx, s, chosen, say) }()
	for range len(chosen) + 1 {
		if err := <-errs; err != nil && !errors.Is(err, io.EOF) && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// unitDir is where the log of a process is.
func (a *Agent) unitDir(s *stack, unit string) string {
	if status, ok := a.supervisor.Status(unitName(s.name, unit)); ok {
		return status.Dir
	}
	if dir := a.oldRun(s, unit); dir != "" {
		return dir
	}
	address, err := addr.Parse(unit)
	if err != nil {
		return ""
	}
	_, name, _ := strings.Cut(unit, ".process.")
	return filepath.Join(eval.InstanceDirectory(a.Home, s.name, address), "process", name)
}
