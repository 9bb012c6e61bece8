package shim

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

const (
	settleStep    = 2 * time.Millisecond // between two looks at a unit that is just being started or ended
	rescueTimeout = 10 * time.Second     // for one shim to answer
	rescueStep    = time.Second          // between two attempts, at most
	lastRescues   = 3                    // attempts for an app that has ended: what it wrote last is in our FIFO
)

// Adopt takes over what runs in dir: it watches the shim that lives, or starts one for an app whose shim was killed.
// log is for such a new shim. It fails with ErrNotRunning if there is nothing to adopt. A unit that somebody else is
// starting at this moment is waited for until ctx ends.
func Adopt(ctx context.Context, program Program, dir string, log Log) (*Process, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for {
		found, err := Find(dir)
		if err != nil {
			return nil, err
		}
		var p *Process
		switch found.State {
		case Running:
			p = adoptShim(program, dir, log)
		case Orphaned:
			p, err = adoptOrphan(ctx, program, dir, log)
		default:
			return nil, ErrNotRunning
		}
		if p != nil || err != nil {
			return p, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("cannot adopt the unit in %s: %w", dir, context.Cause(ctx))
		case <-time.After(settleStep):
		}
	}
}

// adoptShim returns nil if the shim is not yet, or no longer, what the id says.
func adoptShim(program Program, dir string, log Log) *Process {
	id, ok := protocol.ReadID(dir)
	if !ok || id.PID == 0 {
		return nil
	}
	shim, err := openProcess(id.ShimPID, id.ShimStart)
	if err != nil {
		return nil
	}
	app, err := openProcess(id.PID, id.Start)
	if err != nil && !errors.Is(err, protocol.ErrGone) {
		shim.close()
		return nil
	}
	return open(program, dir, log, id, shim, app, hold(dir)) // app is nil if it has just ended
}

// adoptOrphan returns nil if the app has ended or somebody else has rescued it.
func adoptOrphan(ctx context.Context, program Program, dir string, log Log) (*Process, error) {
	id, ok := protocol.ReadID(dir)
	if !ok {
		return nil, nil
	}
	if id, ok = protocol.Orphan(dir, id); !ok {
		return nil, nil
	}
	fifo := hold(dir) // while the app does
	app, err := openProcess(id.PID, id.Start)
	if err != nil {
		closeFIFO(fifo)
		return nil, nil
	}
	shim, id, err := startRescue(ctx, program, dir, log, id, app)
	if err != nil {
		app.close()
		closeFIFO(fifo)
		if errors.Is(err, ErrBusy) {
			err = nil
		}
		return nil, err
	}
	return open(program, dir, log, id, shim, app, fifo), nil
}

// startRescue starts a shim for an app that has none. app is nil if nobody has seen it before it ended.
func startRescue(ctx context.Context, program Program, dir string, log Log, id protocol.ID, app *pidfd) (*pidfd, protocol.ID, error) {
	c, err := spawn(program, app)
	if err != nil {
		return nil, id, fmt.Errorf("cannot run the shim %s: %w", program[0], err)
	}
	a, err := c.talk(ctx, &protocol.Spec{Dir: dir, UID: -1, GID: -1, Log: log, Rescued: id, Unseen: app == nil})
	if err == nil {
		err = answerError(a)
	}
	if err != nil {
		c.kill()
		return nil, id, fmt.Errorf("cannot rescue the app in %s: %w", dir, err)
	}
	id.ShimPID, id.ShimStart = c.pid, a.ShimStart
	return c.pidfd, id, nil
}

// rescue replaces the killed shim of p. It goes on trying as long as the app lives, which waits once the FIFO is full;
// it returns false if ctx has ended, or the app has and no shim can be had for what it left.
func (p *Process) rescue(ctx context.Context) bool {
	p.mu.Lock()
	app := p.app
	p.mu.Unlock()
	if ctx.Err() != nil { // which is why app may be nil
		return false
	}
	for step, n := 10*time.Millisecond, 1; ; step, n = min(2*step, rescueStep), n+1 {
		if p.tryRescue(ctx, app) == nil {
			return true
		}
		if n >= lastRescues && (app == nil || app.ended()) || !pause(ctx, step) {
			return false
		}
	}
}

// tryRescue starts one shim. The pidfd of the app is good even if it has ended meanwhile.
func (p *Process) tryRescue(ctx context.Context, app *pidfd) error {
	ctx, cancel := context.WithTimeout(ctx, rescueTimeout)
	defer cancel()
	shim, id, err := startRescue(ctx, p.program, p.dir, p.log, p.id, app)
	if errors.Is(err, ErrBusy) { // another user of the directory was faster
		if other, ok := protocol.ReadID(p.dir); ok && other.PID == p.id.PID && other.Start == p.id.Start {
			id = other
			shim, err = openProcess(id.ShimPID, id.ShimStart)
		}
	}
	if err != nil {
		return err
	}
	p.shim.close()
	p.shim, p.id.ShimPID, p.id.ShimStart = shim, id.ShimPID, id.ShimStart
	return nil
}

// alone returns the exit of an app that no shim has seen to its end.
func (p *Process) alone() Exit {
	if exit, ok := protocol.ReadEnded(p.dir, p.id); ok {
		return exit
	}
	exit := Exit{PID: p.id.PID, Start: p.id.Start, Time: time.Now()}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.app == nil {
		return exit
	}
	_ = p.app.with(func(fd int) error {
		if known, ok := protocol.ExitOf(fd, p.id.PID, p.id.Start); ok {
			exit.Known, exit.Code, exit.Signal = true, known.Code, known.Signal
		}
		return nil
	})
	return exit
}
