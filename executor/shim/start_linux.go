package shim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// A Prepared is a shim that runs and waits to be told what for. A start has then less left to do. It must be used by
// one goroutine, and either started once or closed.
type Prepared struct {
	program Program
	child   *child
}

// Prepare starts a shim for a start that is to come soon. It ends by itself when this process does.
func Prepare(program Program) (*Prepared, error) {
	c, err := spawn(program, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot run the shim %s: %w", program[0], err)
	}
	return &Prepared{program, c}, nil
}

// Lives reports whether the shim still waits.
func (p *Prepared) Lives() bool { return !p.child.pidfd.ended() }

// Close ends a shim that is not needed after all.
func (p *Prepared) Close() {
	p.child.hangUp()
	p.child.kill()
}

// Start makes the app of spec run in spec.Dir, which must exist. It returns when the app has been executed. Of many
// that start one unit, in whatever process, one succeeds and the others fail with ErrBusy, and so do all of them while
// an app lives there whose shim was killed; what could not be done is a *StartError. When ctx ends first, nothing is
// left running.
func Start(ctx context.Context, program Program, spec Spec) (*Process, error) {
	p, err := Prepare(program)
	if err != nil {
		return nil, err
	}
	return p.Start(ctx, spec)
}

// Start is the function Start with the prepared shim.
func (p *Prepared) Start(ctx context.Context, spec Spec) (*Process, error) {
	dir, err := filepath.Abs(spec.Dir)
	if err != nil {
		p.Close()
		return nil, err
	}
	spec.Dir = dir
	spec.Rescued, spec.Unseen = protocol.ID{}, false
	fifo := hold(dir) // before there is an app, which may be brief
	started, err := p.start(ctx, &spec, fifo)
	if err != nil {
		closeFIFO(fifo)
	}
	return started, err
}

func (p *Prepared) start(ctx context.Context, spec *Spec, fifo *os.File) (*Process, error) {
	c := p.child
	a, err := c.talk(ctx, spec)
	if err != nil {
		c.kill()
		return nil, errors.Join(err, killOrphan(spec.Dir, c.pid))
	}
	if err := answerError(a); err != nil {
		c.discard()
		return nil, err
	}
	id := protocol.ID{PID: a.PID, Start: a.Start, ShimPID: c.pid, ShimStart: a.ShimStart}
	app, err := openProcess(a.PID, a.Start)
	if err != nil && !errors.Is(err, protocol.ErrGone) {
		c.kill()
		return nil, errors.Join(fmt.Errorf("cannot watch the app in %s: %w", spec.Dir, err), killOrphan(spec.Dir, c.pid))
	}
	return open(p.program, spec.Dir, spec.Log, id, c.pidfd, app, fifo), nil
}

// forkTimeout is how long a forked process may take to become the app: it may have to load that from a slow disk.
const forkTimeout = 5 * time.Second

func answerError(a protocol.Answer) error {
	switch {
	case a.Busy:
		return ErrBusy
	case a.What != "":
		return &StartError{What: a.What, Errno: a.Errno}
	default:
		return nil
	}
}

// killOrphan kills the app in dir that the shim of the given number, which was killed, may have left. A process that was
// forked and is about to become the app still holds the lock; that is waited for, and so is the end of the app.
func killOrphan(dir string, shim int) error {
	for end := time.Now().Add(forkTimeout); ; time.Sleep(settleStep) {
		locked, err := protocol.Locked(filepath.Join(dir, protocol.LockFile))
		if err != nil {
			return err
		}
		if !locked {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("the lock in %s is still held", dir)
		}
	}
	id, ok := protocol.ReadID(dir)
	if !ok || id.ShimPID != shim {
		return nil
	}
	if id, ok = protocol.Orphan(dir, id); !ok {
		return nil
	}
	app, err := openProcess(id.PID, id.Start)
	if err != nil {
		return nil // gone by itself
	}
	defer app.close()
	err = app.with(func(fd int) error { return protocol.SignalGroup(fd, id.PID, unix.SIGKILL) })
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), forkTimeout)
	defer cancel()
	if err == nil && !app.wait(ctx) {
		err = fmt.Errorf("the app in %s does not end", dir)
	}
	return err
}
