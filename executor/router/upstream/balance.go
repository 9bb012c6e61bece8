package upstream

import (
	"hash/fnv"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// Policy says which upstream gets a request.
type Policy string

const (
	RoundRobin       Policy = "round_robin"       // each in turn
	LeastConnections Policy = "least_connections" // the one with the least in flight
	Hash             Policy = "hash"              // requests with one key to one upstream; few move when one comes or goes
	Sticky           Policy = "sticky"            // a client stays where its first request went
)

// Policies lists all of them; the first one is the usual one.
func Policies() []Policy { return []Policy{RoundRobin, LeastConnections, Hash, Sticky} }

// Balance chooses upstreams. Its zero value takes them in turn. It is safe for concurrent use.
type Balance struct {
	turn atomic.Uint64
}

// Pick returns one of all that tried does not hold, or nil. One that rests is taken only when there is no other. Key is
// what Hash hashes, and for Sticky the ID of the one that the client was sent to before, or 0.
func (b *Balance) Pick(policy Policy, all []*Upstream, key uint64, now time.Time, tried []*Upstream) *Upstream {
	if len(all) == 1 && len(tried) == 0 {
		return all[0]
	}
	at := now.UnixNano()
	awake := func(u *Upstream) bool { return !u.resting(at) && !slices.Contains(tried, u) }
	if u := b.pick(policy, all, key, awake); u != nil {
		return u
	}
	return b.pick(policy, all, key, func(u *Upstream) bool { return !slices.Contains(tried, u) })
}

func (b *Balance) pick(policy Policy, all []*Upstream, key uint64, can func(*Upstream) bool) *Upstream {
	switch policy {
	case LeastConnections:
		return b.least(all, can)
	case Hash:
		return highest(all, key, can)
	case Sticky:
		for _, u := range all {
			if u.ID == key && can(u) {
				return u
			}
		}
	}
	return b.next(all, can)
}

func (b *Balance) next(all []*Upstream, can func(*Upstream) bool) *Upstream {
	n, turn := uint64(len(all)), b.turn.Add(1)
	for i := range n {
		if u := all[(turn+i)%n]; can(u) {
			return u
		}
	}
	return nil
}

// least begins elsewhere each time, so that equals take turns.
func (b *Balance) least(all []*Upstream, can func(*Upstream) bool) (best *Upstream) {
	n, turn := uint64(len(all)), b.turn.Add(1)
	for i := range n {
		if u := all[(turn+i)%n]; can(u) && (best == nil || u.inFlight.Load() < best.inFlight.Load()) {
			best = u
		}
	}
	return best
}

// highest is rendezvous hashing: each upstream draws a number for the key, and the highest wins.
func highest(all []*Upstream, key uint64, can func(*Upstream) bool) (best *Upstream) {
	var most uint64
	for _, u := range all {
		if draw := mix(key ^ u.ID); can(u) && (best == nil || draw > most) {
			best, most = u, draw
		}
	}
	return best
}

// mix is the finalizer of SplitMix64: every bit of x moves every bit of the result.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// HashOf returns a key for Hash.
func HashOf(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return mix(h.Sum64())
}

// Token is how a cookie names u; ParseToken gives the ID back.
func (u *Upstream) Token() string { return strconv.FormatUint(u.ID, 36) }

// ParseToken returns the ID that a cookie names, 0 for anything that is no token.
func ParseToken(token string) uint64 {
	id, err := strconv.ParseUint(token, 36, 64)
	if err != nil {
		return 0
	}
	return id
}
