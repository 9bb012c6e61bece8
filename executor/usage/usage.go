// Package usage tells what processes take of the machine.
package usage

import "time"

// Usage is what a process and its descendants take.
type Usage struct {
	CPU       time.Duration // user and system time so far, of ended descendants too
	Memory    int64         // resident, in bytes; pages that processes share count for each
	Processes int
}

// A Table is all processes of the machine at one moment.
type Table struct {
	processes map[int]process
	children  map[int][]int
}

type process struct {
	parent int
	own    Usage
}

// Of sums up the process of that number and its descendants. It is zero if there is none.
func (t Table) Of(pid int) Usage {
	p, ok := t.processes[pid]
	if !ok {
		return Usage{}
	}
	sum := p.own
	for _, child := range t.children[pid] {
		below := t.Of(child)
		sum.CPU += below.CPU
		sum.Memory += below.Memory
		sum.Processes += below.Processes
	}
	return sum
}
