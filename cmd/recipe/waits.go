package main

import (
	"fmt"
	"strings"

	"github.com/nsynapse/recipe/planner/plan"
)

// waits tells which steps of a plan wait for which. A nil one tells nothing.
type waits struct {
	plan  *plan.Plan
	index map[string]int32
	begun []bool // running or finished
	done  []bool
	first int // all steps before it have begun
}

func newWaits(p *plan.Plan) *waits {
	if p == nil {
		return nil
	}
	w := &waits{plan: p, index: map[string]int32{}, begun: make([]bool, len(p.Changes)), done: make([]bool, len(p.Changes))}
	for i := range p.Changes {
		w.index[p.Changes[i].Addr.String()] = int32(i)
	}
	return w
}

func (w *waits) begin(addr string) {
	if w == nil {
		return
	}
	if i, ok := w.index[addr]; ok {
		w.begun[i] = true
	}
}

func (w *waits) finish(addr string) {
	if w == nil {
		return
	}
	if i, ok := w.index[addr]; ok {
		w.begun[i], w.done[i] = true, true
	}
}

// lines says of the next steps what keeps them waiting.
func (w *waits) lines(most int) []string {
	if w == nil {
		return nil
	}
	var lines []string
	for w.first < len(w.begun) && (w.begun[w.first] || !w.plan.Changes[w.first].Does()) {
		w.first++
	}
	for i := w.first; i < len(w.begun) && len(lines) < most; i++ {
		c := &w.plan.Changes[i]
		if !c.Does() || w.begun[i] {
			continue
		}
		var names []string
		for _, need := range w.missing(int32(i), map[int32]bool{}) {
			names = append(names, w.plan.Changes[need].Addr.String())
		}
		if names != nil {
			lines = append(lines, fmt.Sprintf("%s waits for %s", c.Addr, strings.Join(names, ", ")))
		}
	}
	return lines
}

// missing lists the unfinished steps that step i needs itself, looking through joins.
func (w *waits) missing(i int32, seen map[int32]bool) []int32 {
	var list []int32
	for _, need := range w.plan.Changes[i].Needs {
		switch {
		case seen[need] || w.done[need]:
		case w.plan.Changes[need].Does():
			list = append(list, need)
		default:
			list = append(list, w.missing(need, seen)...)
		}
		seen[need] = true
	}
	return list
}
