package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/nsynapse/recipe/executor/agent"
)

// A topFeed asks the agent for what top shows. Its commands run in goroutines of bubbletea's, and what they return comes to
// topModel.Update as a message.
type topFeed struct {
	client *agent.Client
	stack  string          // "" for all
	ctx    context.Context // of the whole program: bubbletea's commands have none of their own
}

const (
	topStep = time.Second // between two looks
	topLog  = 200         // lines of a log that are asked for
)

// The messages of a feed.
type (
	topTick  time.Time
	topUnits struct {
		units  []agent.UnitInfo
		needs  map[string][]string // by stack and address: the components that it needs
		routes []agent.RouteInfo
		at     time.Time
		err    error
	}
	topLines struct {
		unit  string // stack and address
		lines []string
	}
	topEvent agent.Event
	topDone  struct { // of something that the user asked for
		text string
		err  error
	}
)

func tick() tea.Cmd { return tea.Tick(topStep, func(t time.Time) tea.Msg { return topTick(t) }) }

// look asks for all processes. known are the needs that were told before; they are asked for again when there are processes
// without.
func (f *topFeed) look(known map[string][]string) tea.Cmd {
	return func() tea.Msg {
		units, err := f.client.Units(f.ctx, f.stack)
		if err != nil {
			return topUnits{err: err}
		}
		routes, err := f.client.Routes(f.ctx, f.stack)
		if err != nil {
			return topUnits{err: err}
		}
		m := topUnits{units: units, needs: known, routes: routes, at: time.Now()}
		for _, u := range units {
			if _, ok := m.needs[unitKey(u)]; !ok {
				m.needs = f.needs(units)
				break
			}
		}
		return m
	}
}

func unitKey(u agent.UnitInfo) string { return u.Stack + "/" + u.Address }

// needs reads what is recorded of the processes.
func (f *topFeed) needs(units []agent.UnitInfo) map[string][]string {
	all := map[string][]string{}
	asked := map[string]bool{}
	for _, u := range units {
		if _, ok := all[unitKey(u)]; !ok { // so that it is not asked for again and again
			all[unitKey(u)] = nil
		}
		if asked[u.Stack] {
			continue
		}
		asked[u.Stack] = true
		objects, err := f.client.Objects(f.ctx, u.Stack)
		if err != nil {
			continue // the stack may just be gone; the order is then that of the names
		}
		for _, o := range objects {
			var process struct {
				Needs []string `json:"needs"`
			}
			if (o.Type == "instance" || o.Type == "schedule") && json.Unmarshal(o.Value, &process) == nil {
				all[u.Stack+"/"+o.Addr.String()] = process.Needs
			}
		}
	}
	return all
}

// log asks for the last lines of one process.
func (f *topFeed) log(u agent.UnitInfo) tea.Cmd {
	return func() tea.Msg {
		m := topLines{unit: unitKey(u)}
		_ = f.client.Logs(f.ctx, u.Stack, u.Address, topLog, false, func(l agent.LogLine) error { // without, there are none
			m.lines = append(m.lines, l.Line)
			return nil
		})
		return m
	}
}

// act restarts, stops or starts one process.
func (f *topFeed) act(verb, done string, u agent.UnitInfo) tea.Cmd {
	return func() tea.Msg {
		_, err := f.client.Act(f.ctx, verb, agent.UnitRequest{Stack: u.Stack, Target: u.Address})
		return topDone{done + " " + u.Address, err}
	}
}

// events sends what happens until the program ends. An agent that is replaced is asked again.
func (f *topFeed) events(send func(tea.Msg)) {
	var last time.Time
	for f.ctx.Err() == nil {
		_ = f.client.Events(f.ctx, f.stack, true, func(e agent.Event) error {
			if e.Time.After(last) {
				last = e.Time
				send(topEvent(e))
			}
			return nil
		})
		select {
		case <-f.ctx.Done():
		case <-time.After(topStep):
		}
	}
}

// inOrder sorts processes by stack, and within it by the order in which they start: a process comes after all that it needs.
// Those that are equal in that are sorted by name.
func inOrder(units []agent.UnitInfo, needs map[string][]string) {
	of := map[string][]string{} // the needs of a component
	for _, u := range units {
		at := u.Stack + "/" + u.Component
		for _, need := range needs[unitKey(u)] {
			of[at] = append(of[at], u.Stack+"/"+need)
		}
	}
	levels := map[string]int{}
	var level func(component string, depth int) int
	level = func(component string, depth int) int {
		if n, ok := levels[component]; ok || depth > len(of) { // needs have no cycles; a damaged answer may
			return n
		}
		n := 0
		for _, need := range of[component] {
			n = max(n, level(need, depth+1)+1)
		}
		levels[component] = n
		return n
	}
	slices.SortStableFunc(units, func(a, b agent.UnitInfo) int {
		if c := strings.Compare(a.Stack, b.Stack); c != 0 {
			return c
		}
		if d := level(a.Stack+"/"+a.Component, 0) - level(b.Stack+"/"+b.Component, 0); d != 0 {
			return d
		}
		return strings.Compare(a.Address, b.Address)
	})
}
