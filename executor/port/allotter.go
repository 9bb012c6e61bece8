package port

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
)

// The range that is used when New is not told another. It ends below 32768, where Linux begins to take the local
// ports of outgoing connections: a port from there may be gone between its allotment and the bind of its owner. It
// begins above the ports that programs listen on by habit.
const (
	Low  = 20000
	High = 32000
)

// TakenError says that a wanted port has another holder.
type TakenError struct {
	Port   int
	Holder string // an owner of ours or a process of the machine, for humans; "" if it cannot be told
}

func (e *TakenError) Error() string {
	if e.Holder == "" {
		return fmt.Sprintf("port %d is taken by another process", e.Port)
	}
	return fmt.Sprintf("port %d is taken by %s", e.Port, e.Holder)
}

// Allotter hands out ports of 127.0.0.1. It is safe for concurrent use.
type Allotter struct {
	low, high int
	claims    claims

	mu     sync.Mutex
	next   int            // where the next search begins
	ports  map[string]int // by owner
	owners map[int]string // by port
}

// New returns an Allotter for the ports from low to high, both included; 0 stands for Low and High. Its first search
// begins at start, or at low if start lies outside: allotters of several agents that start apart rarely meet.
func New(low, high, start int) *Allotter {
	if low == 0 {
		low = Low
	}
	if high == 0 {
		high = High
	}
	if start < low || start > high {
		start = low
	}
	return &Allotter{low: low, high: high, claims: openClaims(), next: start, ports: map[string]int{}, owners: map[int]string{}}
}

// Allot gives owner a port. With wanted 0 it is any free one of the range, and the one that owner has already if it
// has one. Else it is exactly wanted, which may lie outside the range, or a *TakenError; what owner had before is
// then kept, and given back on success. A port that owner has already is not tried again: owner may be using it.
func (a *Allotter) Allot(owner string, wanted int) (int, error) {
	if wanted < 0 || wanted > 65535 {
		return 0, fmt.Errorf("%d is not a port: ports go from 1 to 65535", wanted)
	}
	got, err := a.allot(owner, wanted)
	return got, named(err) // walks through /proc: not under the lock
}

// Free returns nil if p can be listened on right now, whoever it was handed out to; a *TakenError if a process does.
func (a *Allotter) Free(p int) error { return named(try(p)) }

// named adds to a *TakenError the process that listens.
func named(err error) error {
	var taken *TakenError
	if errors.As(err, &taken) && taken.Holder == "" {
		taken.Holder = Holder(taken.Port)
	}
	return err
}

func (a *Allotter) allot(owner string, wanted int) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if had, ok := a.ports[owner]; ok && (wanted == 0 || wanted == had) {
		return had, nil
	}
	if wanted == 0 {
		return a.search(owner)
	}
	if holder, ok := a.owners[wanted]; ok {
		return 0, &TakenError{Port: wanted, Holder: holder}
	}
	if err := try(wanted); err != nil {
		return 0, err
	}
	if !a.claims.take(wanted) {
		return 0, &TakenError{Port: wanted, Holder: "an app of another recipe agent"}
	}
	a.give(owner, wanted)
	return wanted, nil
}

// search finds a free port, beginning after the last one found: a port that was just released rests for a while, so
// that those who still know it do not meet its next owner.
func (a *Allotter) search(owner string) (int, error) {
	size := a.high - a.low + 1
	var last error
	for i := range size {
		p := a.low + (a.next-a.low+i)%size
		if _, ok := a.owners[p]; ok {
			continue
		}
		if err := bindable(p); err != nil {
			last = err
			continue
		}
		if !a.claims.take(p) { // another agent has handed it out, and nobody listens there yet
			continue
		}
		a.next = a.low + (p-a.low+1)%size
		a.give(owner, p)
		return p, nil
	}
	if last != nil { // it may be another reason, such as too many open files
		return 0, fmt.Errorf("no free port between %d and %d: %w", a.low, a.high, last)
	}
	return 0, fmt.Errorf("all ports between %d and %d are handed out", a.low, a.high)
}

// Reserve records at boot that owner has p, without trying it: owner may be listening. It fails with a *TakenError
// if another owner has it.
func (a *Allotter) Reserve(owner string, p int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if holder, ok := a.owners[p]; ok && holder != owner {
		return &TakenError{Port: p, Holder: holder}
	}
	a.claims.take(p) // it is ours, whoever claims it
	a.give(owner, p)
	return nil
}

// Release takes back the port of owner, if it has one.
func (a *Allotter) Release(owner string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p, ok := a.ports[owner]; ok {
		delete(a.ports, owner)
		delete(a.owners, p)
		a.claims.drop(p)
	}
}

func (a *Allotter) give(owner string, p int) {
	if old := a.ports[owner]; old != p {
		delete(a.owners, old) // no port is 0: nothing happens for a new owner
		a.claims.drop(old)
	}
	a.ports[owner] = p
	a.owners[p] = owner
}

// try is bindable with an error for humans: a *TakenError without a holder if somebody has p.
func try(p int) error {
	switch err := bindable(p); {
	case errors.Is(err, syscall.EADDRINUSE):
		return &TakenError{Port: p}
	case err != nil:
		return fmt.Errorf("cannot use port %d: %w", p, err)
	}
	return nil
}
