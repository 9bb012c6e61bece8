package upstream

import "time"

// An upstream that fails failures times in a row, with nothing in between that went well, rests: others get its
// requests, if there are others. The first rest is the shortest, each further one doubles it.
const (
	failures  = 3
	firstRest = time.Second
	lastRest  = 30 * time.Second
)

// Failed counts a connection that broke, was refused or took too long, and reports whether u rests from now on.
func (u *Upstream) Failed(now time.Time) (ejected bool) {
	if u.failed.Add(1) < failures || u.resting(now.UnixNano()) {
		return false
	}
	u.failed.Store(0)
	rest := min(firstRest<<min(u.rests.Add(1)-1, 10), lastRest)
	u.restsUntil.Store(now.Add(rest).UnixNano())
	return true
}

// Succeeded counts an answer.
func (u *Upstream) Succeeded() {
	if u.failed.Load() != 0 { // looking is cheaper than writing what nearly always is there already
		u.failed.Store(0)
	}
	if u.rests.Load() != 0 {
		u.rests.Store(0)
		u.restsUntil.Store(0)
	}
}

// Resting reports whether u rests.
func (u *Upstream) Resting(now time.Time) bool { return u.resting(now.UnixNano()) }

func (u *Upstream) resting(now int64) bool { return u.restsUntil.Load() > now }
