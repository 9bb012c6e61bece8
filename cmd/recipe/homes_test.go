package main

import (
	"fmt"
	"os"
	"sync"
)

// homes hands out ranges of ports: agents that start many things at once would else find each other's ports free. A
// range that was given back is the last to be taken again.
var homes ranges

type ranges struct {
	mu    sync.Mutex
	taken [40]bool
	last  int
}

// take returns a number that no other home of this test run has, and what gives it back.
func (r *ranges) take() (n int, free func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for range r.taken {
		if r.last = (r.last + 1) % len(r.taken); !r.taken[r.last] {
			n = r.last
			r.taken[n] = true
			return n, func() { r.give(n) }
		}
	}
	panic("there are more homes at a time than ranges of ports")
}

func (r *ranges) give(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken[n] = false
}

// portsOf is the range of ports with a number. Two test runs on one machine begin at different places.
func portsOf(n int) string {
	low := firstPort(n)
	return fmt.Sprintf("%d-%d", low, low+297)
}

func firstPort(n int) int { return 20000 + (os.Getpid()*7+n)%len(homes.taken)*300 }

// frontsOf are where the routes of that home are answered.
func frontsOf(n int) (http, https string) {
	return fmt.Sprint("127.0.0.1:", firstPort(n)+298), fmt.Sprint("127.0.0.1:", firstPort(n)+299)
}
