package supervisor

import "time"

const (
	healthyAfter = time.Minute // a unit ready for so long begins anew
	firstPause   = 500 * time.Millisecond
	longestPause = time.Minute
	jitter       = 0.2
	loopExits    = 5
	loopWindow   = time.Minute
)

// A policy decides when a unit that has ended is restarted. Its zero value is that of a unit that never ended.
type policy struct {
	count  int         // ends in a row
	recent []time.Time // those within loopWindow, at most loopExits
	loop   bool
}

// A decision is what follows an end.
type decision struct {
	pause  time.Duration
	loop   bool // it has become a crash-loop
	giveUp bool
}

// ended decides about an end at now of a process that was ready for the time healthy. random is in [0, 1).
func (p *policy) ended(now time.Time, healthy time.Duration, most int, random float64) decision {
	if healthy >= healthyAfter {
		*p = policy{}
	}
	p.count++
	p.recent = append(p.recent, now)
	for len(p.recent) > 0 && (len(p.recent) > loopExits || now.Sub(p.recent[0]) > loopWindow) {
		p.recent = p.recent[1:]
	}
	p.loop = p.loop || len(p.recent) == loopExits
	return decision{pause: pauseAfter(p.count, random), loop: p.loop, giveUp: most > 0 && p.count > most}
}

// pauseAfter returns the pause after the count-th end in a row, count > 0.
func pauseAfter(count int, random float64) time.Duration {
	if count == 1 {
		return 0
	}
	pause := firstPause
	for n := 2; n < count && pause < longestPause; n++ {
		pause *= 2
	}
	pause = min(pause, longestPause)
	return time.Duration(float64(pause) * (1 - jitter + 2*jitter*random))
}
