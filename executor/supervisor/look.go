package supervisor

import (
	"context"
	"errors"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
)

// look returns the process that runs in the unit's directory, or nil.
func (s *Supervisor) look(ctx context.Context, spec Spec) (*shim.Process, error) {
	ctx, cancel := context.WithTimeout(ctx, launchTimeout)
	defer cancel()
	p, err := shim.Adopt(ctx, s.program, spec.Dir, spec.Log)
	if errors.Is(err, shim.ErrNotRunning) {
		err = nil
	}
	return p, err
}

// look is that of the supervisor, and counts the failures.
func (u *Unit) look(ctx context.Context) (*shim.Process, error) {
	p, err := u.s.look(ctx, u.spec)
	if err != nil {
		u.blind++
	} else {
		u.blind = 0
	}
	return p, err
}

// lookLater follows a look that has failed. Nothing has ended as far as anybody knows, so this is no restart, counts
// against nobody and waits for no need.
func (u *Unit) lookLater(err error) {
	u.retryAt = u.s.clock.Now().Add(pauseAfter(u.blind, u.s.random()))
	u.enter(Backoff, err.Error())
}

// retry follows a pause: that of a process that has ended, or of a look that has failed.
func (u *Unit) retry() {
	if u.blind == 0 {
		u.await()
		return
	}
	u.lookAgain()
}

// lookAgain goes on with what runs in the directory, or with nothing.
func (u *Unit) lookAgain() {
	p, err := u.look(context.Background())
	switch {
	case err != nil:
		u.lookLater(err)
	case p != nil:
		u.adopt(p)
	case u.over != nil: // stopped or not, how the run ended is to be told
		u.catchUp()
	case u.paused():
		u.stayStopped()
	case u.spec.Schedule != nil && u.times.job == nil:
		u.catchUp()
	default:
		u.await()
	}
}

// lookOnce finds out what runs in the directory if the last look has not, and attaches it.
func (u *Unit) lookOnce() error {
	if u.blind == 0 {
		return nil
	}
	p, err := u.look(context.Background())
	if p != nil {
		u.retryAt = time.Time{}
		u.attach(p)
	}
	return err
}

// overtaken returns the process that was there first: what a start found running, with its shim or without, though
// nothing was seen to run. It was begun by an agent that was killed meanwhile, or by a shim that outlived one. busy is
// the error for having none after all.
func (u *Unit) overtaken(busy error) (*shim.Process, error) {
	p, err := u.look(context.Background())
	if err == nil && p == nil {
		err = busy
	}
	return p, err
}
