package supervisor

import "time"

// firstStep is the pause after the first probe of a unit that starts.
const firstStep = time.Millisecond

// verdict is what a check says after a probe.
type verdict uint8

const (
	open   verdict = iota // too few probes in a row
	passed                // as many successes as the threshold
	failed                // as many failures as the threshold
)

// A prober knows when the probes of one check are due and what they add up to. It makes none itself.
type prober struct {
	check   Check
	eager   bool // the pauses begin short and grow: a unit is starting
	first   time.Time
	next    time.Time // zero while a probe is being made, and when the check does not run
	good    int
	bad     int
	running bool
}

// begin starts the check anew. An eager one is made at once, another after one interval.
func (p *prober) begin(check Check, now time.Time, eager bool) {
	*p = prober{}
	if check.Probe == nil {
		return
	}
	p.check, p.eager = check, eager
	p.next = now.Add(check.InitialDelay)
	if !eager {
		p.next = now.Add(max(check.InitialDelay, check.Interval))
	}
}

// hurry makes the next probe due, if there is to be one.
func (p *prober) hurry(now time.Time) {
	if !p.next.IsZero() {
		p.next = now
	}
}

// take reports whether a probe is due, and then counts it as being made.
func (p *prober) take(now time.Time) bool {
	if p.next.IsZero() || now.Before(p.next) {
		return false
	}
	if p.first.IsZero() {
		p.first = now
	}
	p.next, p.running = time.Time{}, true
	return true
}

// passOver takes in that the probe that was made could not tell.
func (p *prober) passOver(now time.Time) {
	p.running = false
	p.next = now.Add(p.pause(now))
}

// done takes in the outcome of the probe that was made.
func (p *prober) done(now time.Time, err error) verdict {
	p.passOver(now)
	if err == nil {
		p.good, p.bad = p.good+1, 0
	} else {
		p.good, p.bad = 0, p.bad+1
	}
	switch {
	case p.good >= p.check.SuccessThreshold:
		return passed
	case p.bad >= p.check.FailureThreshold:
		return failed
	default:
		return open
	}
}

// pause grows with the time that has passed, so that a unit is seen ready at most half as late again as it is.
func (p *prober) pause(now time.Time) time.Duration {
	if !p.eager {
		return p.check.Interval
	}
	return min(max(now.Sub(p.first)/2, firstStep), p.check.Interval)
}
