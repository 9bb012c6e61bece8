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
	maxRescues = 3                    // shims that a Process starts in vain before it watches the app by itself
	settleStep = 2 * time.Millisecond // between two looks at a unit that is just being started or ended
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
	return open(program, dir, log, id, shim, app) // app is nil if it has just ended
}

// adoptOrphan returns nil if the app has ended or somebody else has rescued it.
func adoptOrphan(ctx context.Context, program Program, dir string, log Log) (*Process, error) {
	id, ok := protocol.ReadID(dir)
	if !ok {
		return nil, nil
	}
	if id, ok = orphanOf(dir, id); !ok {
		return nil, nil
	}
	app, err := openProcess(id.PID, id.Start)
	if err != nil {
		return nil, nil
	}
	shim, id, err := startRescue(ctx, program, dir, log, id, app)
	if err != nil {
		app.close()
		if errors.Is(err, ErrBusy) {
			err = nil
		}
		return nil, err
	}
	return open(program, dir, log, id, shim, app), nil
}

// startRescue starts a shim for an app that has none.
func startRescue(ctx context.Context, program Program, dir string, log Log, id protocol.ID, app *pidfd) (*pidfd, protocol.ID, error) {
	c, err := spawn(program, dir, app)
	if err != nil {
		return nil, id, fmt.Errorf("cannot run the shim %s: %w", program[0], err)
	}
	a, err := c.talk(ctx, &protocol.Spec{Dir: dir, UID: -1, GID: -1, Log: log, Rescued: id})
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

// rescue replaces the killed shim of p. The pidfd of the app is good even if it has ended meanwhile.
func (p *Process) rescue(ctx context.Context) error {
	p.mu.Lock()
	app := p.app
	p.mu.Unlock()
	if app == nil {
		return ErrNotRunning
	}
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

const rescueTimeout = 10 * time.Second

// waitAlone waits for an app that no shim could be started for. Its output is lost once the FIFO is full, and its
// children are not killed.
func (p *Process) waitAlone(ctx context.Context) Exit {
	p.mu.Lock()
	app := p.app
	p.mu.Unlock()
	exit := Exit{PID: p.id.PID, Start: p.id.Start}
	if app != nil && app.wait(ctx) {
		_ = app.with(func(fd int) error {
			if known, ok := protocol.ExitOf(fd); ok {
				exit.Known, exit.Code, exit.Signal = true, known.Code, known.Signal
			}
			return nil
		})
	}
	exit.Time = time.Now()
	return exit
}
