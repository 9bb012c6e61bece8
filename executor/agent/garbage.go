package agent

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// planHeap is the heap, in bytes, up to which garbage is left alone while a plan is made. From half of it living on, garbage is
// collected as ever. A plan of 10 000 components makes three times as much in all, of which half stays until its end: collecting
// from the first megabytes on would walk through the same values again and again.
const planHeap = 256 << 20

// garbage is that of this process.
var garbage collector

// collector sets the garbage collector of the process anew after each collection, so that the next one comes when the heap has
// planHeap bytes.
type collector struct {
	mu    sync.Mutex
	users int
	usual int  // percent, as it is without users; negative if somebody has turned collections off
	armed bool // the next collection is going to call settle
}

// late puts off collections until the function that it returns is called.
func (c *collector) late() (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users++; c.users == 1 {
		c.usual = debug.SetGCPercent(-1)
		c.settle()
	}
	return sync.OnceFunc(c.end)
}

func (c *collector) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users--; c.users == 0 {
		debug.SetGCPercent(c.usual)
	}
}

// settle says how much garbage may come to what lives, and has the next collection call it again.
func (c *collector) settle() {
	if c.usual < 0 {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(garbagePercent(live[0].Value.Uint64(), c.usual))
	if !c.armed {
		c.armed = true
		runtime.AddCleanup(new([16]byte), (*collector).collected, c) // nothing refers to the bytes: a collection finds them
	}
}

func (c *collector) collected() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.armed = false; c.users > 0 {
		c.settle()
	}
}

// garbagePercent is what makes the heap grow from live bytes to planHeap, but not to more than ten times what lives, of which the
// runtime takes 4 MiB to be there always. It is 100, or usual if that is less, for more than half of planHeap.
func garbagePercent(live uint64, usual int) int {
	live = max(live, 4<<20)
	return max(min(usual, 100), min(900, (planHeap-int(live))*100/int(live)))
}
