package upstream

import (
	"net/http"
	"sync"
	"sync/atomic"
)

// Upstream is one process behind the router, known by where it listens. It is safe for concurrent use.
type Upstream struct {
	Address string // host:port
	ID      uint64 // a hash of Address, never 0

	inFlight atomic.Int64
	gone     atomic.Bool // out of the table: nothing new begins

	failed     atomic.Int64 // in a row
	rests      atomic.Int64 // in a row
	restsUntil atomic.Int64 // Unix time in nanoseconds

	mu         sync.Mutex
	quiet      chan struct{} // closed when nothing is in flight; nil unless somebody waits for that
	idle       []*Conn       // by the time of their last use, the latest last
	plain, h2c *http.Transport
}

func newUpstream(address string) *Upstream {
	return &Upstream{Address: address, ID: max(HashOf(address), 1)}
}

// Acquire begins a connection or request to u. It returns false when u has left the table; else Release has to follow.
// It comes before connecting: what Set.Drain does not see can not begin any more.
func (u *Upstream) Acquire() bool {
	u.inFlight.Add(1)
	if u.gone.Load() {
		u.Release()
		return false
	}
	return true
}

// Release ends what Acquire began.
func (u *Upstream) Release() {
	if u.inFlight.Add(-1) == 0 && u.gone.Load() {
		u.closeKept() // a transport keeps what was in use when u was retired
		u.tellQuiet()
	}
}

// InFlight is how many connections and requests have begun and not ended.
func (u *Upstream) InFlight() int { return int(u.inFlight.Load()) }

// whenQuiet returns a channel that is closed once nothing is in flight any more.
func (u *Upstream) whenQuiet() <-chan struct{} {
	u.mu.Lock()
	if u.quiet == nil {
		u.quiet = make(chan struct{})
	}
	quiet := u.quiet
	u.mu.Unlock()
	if u.InFlight() == 0 { // the last one may have ended before it could see the channel
		u.tellQuiet()
	}
	return quiet
}

func (u *Upstream) tellQuiet() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.quiet != nil {
		close(u.quiet)
		u.quiet = nil
	}
}

// retire lets nothing new begin, and closes what is kept.
func (u *Upstream) retire() {
	u.gone.Store(true)
	u.closeKept()
}

// revive takes u back into the table.
func (u *Upstream) revive() { u.gone.Store(false) }
