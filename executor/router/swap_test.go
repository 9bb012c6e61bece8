package router

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/torture"
)

// load asks on port from four clients until stop is called, which returns how many requests there were. None may fail.
func load(t *testing.T, port int) (requests *atomic.Int64, stop func()) {
	requests = new(atomic.Int64)
	done := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if answer, err := ask(port, "x"); err != nil || len(answer) != 3 {
					t.Errorf("got %q, %v", answer, err)
				}
				requests.Add(1)
			}
		})
	}
	return requests, func() { close(done); clients.Wait() }
}

func upstreams(t *testing.T) []string {
	var addresses []string
	for i := range 3 {
		addresses = append(addresses, echo(t, fmt.Sprint(i)).Addr().String())
	}
	return addresses
}

// TestSwapsUnderLoad changes the table thousands of times, from three upstreams down to none and back, while clients
// connect. Swaps that nobody saw would show nothing: each waits for a request to end, unless there is no upstream.
func TestSwapsUnderLoad(t *testing.T) {
	addresses, port := upstreams(t), freePort(t)
	p := newPlane()
	defer p.close()
	p.set(one(port, addresses...))
	requests, stop := load(t, port)
	for i := range torture.PickRaced(2500, 10_000, 10_000) {
		p.set(one(port, addresses[i%4:]...))
		if i%4 == 3 {
			continue
		}
		seen := requests.Load()
		eventually(t, func() bool { return requests.Load() > seen })
	}
	p.set(one(port, addresses...))
	stop()
	t.Logf("%d requests", requests.Load())
}

func TestSwapsThroughTheSocketUnderLoad(t *testing.T) {
	c, _ := run(t, t.TempDir())
	addresses, port := upstreams(t), freePort(t)
	set(t, c, one(port, addresses...))
	requests, stop := load(t, port)
	for i := range 500 {
		set(t, c, one(port, addresses[i%4:]...))
	}
	set(t, c, one(port, addresses...))
	stop()
	t.Logf("%d requests", requests.Load())
}

func BenchmarkSetTable(b *testing.B) {
	s := &server{plane: newPlane(), files: disk.OS{}, path: b.TempDir() + "/table"}
	defer s.plane.close()
	for b.Loop() {
		s.set(Table{})
	}
}
