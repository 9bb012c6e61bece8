package port

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nsynapse/recipe/executor/torture"
)

// The crowds keep out of the range of real agents and of tests of the types that have ports, which are below: those run at the same time.
const (
	crowdLow  = 7000
	crowdHigh = Low - 1
)

// TestT22Allotments lets a thousand owners ask for a port at once, give it back and ask again, in a range that is soon gone
// through, beside strangers that listen in it. Once all have theirs each owner listens: a port that two have, or that a
// stranger has, fails to open.
func TestT22Allotments(t *testing.T) {
	random := torture.Random(t)
	rounds, listened := torture.Pick(3, 50), 0
	low := crowdLow + random.IntN(crowdHigh-crowdLow-1500)
	a := New(low, low+1500, low)
	for round := range rounds {
		strangers := listenAbout(random, low, 1500, 200)
		c := newCrowd(t, 1000)
		for i := range c.owners {
			owner := fmt.Sprintf("owner %d of round %d", i, round)
			c.allot(owner, a, random.IntN(3))
		}
		c.wait()
		listened += int(c.listened.Load())
		closeAll(strangers)
		if t.Failed() {
			return
		}
	}
	torture.Report(t, "T22", "%d times 1000 parallel allotments beside 200 listeners of others: %d listeners, 0 collisions", rounds, listened)
}

// TestT22Agents lets the allotters of two agents of one machine hand out ports at once. Far from each other, as
// agents begin, and begun at the same place: they never meet, since each claims what it hands out. Where there are no
// claims they can, and who comes second is told who was first.
func TestT22Agents(t *testing.T) {
	random := torture.Random(t)
	rounds, met := torture.Pick(3, 20), 0
	for range rounds {
		for _, apart := range []int{crowdHigh - crowdLow - 2000, 0} {
			first := crowdLow + random.IntN(1000)
			agents := []*Allotter{New(crowdLow, crowdHigh, first), New(crowdLow, crowdHigh, first+apart)}
			c := newCrowd(t, 100)
			c.meet = apart == 0
			for i := range c.owners {
				c.allot(fmt.Sprint("owner ", i), agents[i%2], 0)
			}
			c.wait()
			met += int(c.met.Load())
			if t.Failed() {
				return
			}
		}
	}
	torture.Report(t, "T22", "%d times two agents with 50 parallel allotments each: far apart 0 collisions; begun at one place %d, each told by whom", rounds, met)
}

// crowd are owners that allot at the same time and, when all have done that, listen, until all have tried.
type crowd struct {
	testing.TB
	owners int
	meet   bool // two of them may get the same port, which one of them is then told

	allotting     sync.WaitGroup
	group         sync.WaitGroup
	mu            sync.Mutex
	ends          []func()
	listened, met atomic.Int64
}

func newCrowd(t testing.TB, owners int) *crowd {
	c := &crowd{TB: t, owners: owners}
	c.allotting.Add(owners)
	return c
}

// allot begins one owner, who changes its mind so many times.
func (c *crowd) allot(owner string, a *Allotter, changes int) {
	c.group.Go(func() {
		p, err := a.Allot(owner, 0)
		for range changes {
			a.Release(owner)
			p, err = a.Allot(owner, 0)
		}
		c.allotting.Done()
		if err != nil {
			c.Error(err)
			return
		}
		c.allotting.Wait()
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err != nil {
			c.collision(a, owner, p)
			return
		}
		c.listened.Add(1)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ends = append(c.ends, func() { closeAll([]net.Listener{l}); a.Release(owner) })
	})
}

// collision judges an owner that cannot listen. A program of the machine that is none of this test may have been faster;
// all others are in this process.
func (c *crowd) collision(a *Allotter, owner string, p int) {
	var taken *TakenError
	switch err := a.Free(p); {
	case !errors.As(err, &taken) || taken.Holder != "this process":
		c.Logf("a stranger was faster than %s: %v", owner, err)
	case c.meet && taken.Port == p:
		c.met.Add(1)
	default:
		c.Errorf("%s got a port that another one has: %v", owner, err)
	}
	a.Release(owner)
}

// wait waits for all of them and ends them.
func (c *crowd) wait() {
	c.group.Wait()
	for _, end := range c.ends {
		end()
	}
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close() // nobody has connected
	}
}

// listenAbout listens on so many ports or fewer, of size ports from low on.
func listenAbout(random *rand.Rand, low, size, count int) []net.Listener {
	var listeners []net.Listener
	for range count {
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(low+random.IntN(size))))
		if err == nil { // another one has it otherwise
			listeners = append(listeners, l)
		}
	}
	return listeners
}
