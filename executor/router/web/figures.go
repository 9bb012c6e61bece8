package web

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// latencies is how many buckets of latency there are: below 1 ms, 2 ms, 4 ms and so on, and the rest.
const latencies = 17

// figures count what became of the requests of a route.
type figures struct {
	inFlight atomic.Int64
	waiting  atomic.Int64
	classes  [6]atomic.Uint64 // by the first digit of the status; 0 for a client that went away
	latency  [latencies]atomic.Uint64
	retries  atomic.Uint64
	ejected  atomic.Uint64
}

// count takes an answered request.
func (f *figures) count(status int, took time.Duration) {
	class := status / 100
	if status == statusGone || class > 5 {
		class = 0
	}
	f.classes[class].Add(1)
	f.latency[min(bits.Len64(uint64(max(took, 0)/time.Millisecond)), latencies-1)].Add(1)
}

// statusGone stands in logs for a client that went away before it had its answer, as nginx writes it.
const statusGone = 499

// Stats are the figures of a route since the router started. A router that takes over from another begins anew.
type Stats struct {
	Name     string            `json:"name"`
	Host     string            `json:"host"`
	Path     string            `json:"path"`
	Ready    int               `json:"ready"`             // upstreams
	Resting  int               `json:"resting"`           // of them, those that failed lately and get no requests
	InFlight int64             `json:"in_flight"`         // requests
	Waiting  int64             `json:"waiting"`           // of them, those that wait for an upstream
	Requests uint64            `json:"requests"`          // answered
	Classes  map[string]uint64 `json:"classes,omitempty"` // requests by "2xx" and so on; "gone" for clients that did not wait
	// Latency counts requests by the time to the end of their answers: below 1 ms, below 2 ms and so on, doubling; the
	// last one counts the rest.
	Latency []uint64 `json:"latency,omitempty"`
	Retries uint64   `json:"retries"` // requests that were sent once more
	Ejected uint64   `json:"ejected"` // times that an upstream was sent to rest
}

func (r *rule) stats(now time.Time) Stats {
	f := &r.figures
	s := Stats{Name: r.Name, Host: r.Host, Path: r.Path, Ready: len(r.upstreams), InFlight: f.inFlight.Load(), Waiting: f.waiting.Load(),
		Classes: map[string]uint64{}, Retries: f.retries.Load(), Ejected: f.ejected.Load()}
	for _, u := range r.upstreams {
		if u.Resting(now) {
			s.Resting++
		}
	}
	for i, name := range [...]string{"gone", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		if n := f.classes[i].Load(); n > 0 {
			s.Classes[name] = n
			s.Requests += n
		}
	}
	for i := range f.latency {
		s.Latency = append(s.Latency, f.latency[i].Load())
	}
	return s
}
