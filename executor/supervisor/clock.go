package supervisor

import "time"

// Clock is where time comes from.
type Clock interface {
	Now() time.Time
	// NewTimer returns a timer that fires once, at the given time or as soon as that has passed.
	NewTimer(at time.Time) Timer
}

// Timer is what a Clock makes.
type Timer interface {
	C() <-chan time.Time
	Stop() bool
}

type systemClock struct{}

func (systemClock) Now() time.Time              { return time.Now() }
func (systemClock) NewTimer(at time.Time) Timer { return systemTimer{time.NewTimer(time.Until(at))} }

type systemTimer struct{ *time.Timer }

func (t systemTimer) C() <-chan time.Time { return t.Timer.C }
