package shim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// A Process is one run of an app, seen from outside. Its methods are safe for concurrent use. It costs one goroutine
// and three descriptors, and no thread.
//
// When its shim is killed a Process starts another one that rescues the app; users notice nothing.
type Process struct {
	program Program
	dir     string
	log     Log
	id      protocol.ID
	done    chan struct{}
	exit    Exit // set before done is closed

	mu   sync.Mutex // guards app
	app  *pidfd     // nil if the app was reaped before it was seen, and after Release
	fifo *os.File   // keeps what the app wrote last if both app and shim are killed
	shim *pidfd     // changed by the watching goroutine only
	stop context.CancelFunc
}

// hold opens the FIFO of the unit, so that what an app wrote last is not gone when app and shim are. It returns nil if
// that cannot be done: this is the last line of defence only.
func hold(dir string) *os.File {
	fd, err := protocol.OpenFIFO(dir)
	if err != nil {
		return nil
	}
	return os.NewFile(uintptr(fd), protocol.FIFO)
}

// open makes a Process of a shim that runs, and starts to watch it. The process takes over all descriptors.
func open(program Program, dir string, log Log, id protocol.ID, shim, app *pidfd, fifo *os.File) *Process {
	p := &Process{program: program, dir: dir, log: log, id: id, shim: shim, app: app, fifo: fifo, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	go p.watch(ctx)
	return p
}

// PID returns the number of the app.
func (p *Process) PID() int { return p.id.PID }

// bootID does not change as long as we live.
var bootID = sync.OnceValues(protocol.BootID)

// Identity names this run of the app as no other one is named, of whatever boot: boot id, PID and start time in one line.
func (p *Process) Identity() (string, error) {
	boot, err := bootID()
	return fmt.Sprint(boot, " ", p.id.PID, " ", p.id.Start), err
}

// Done is closed when the app has ended, all it left behind was killed, and its exit is on disk. It is never closed
// after Release.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit returns how the app ended. It is valid once Done is closed.
func (p *Process) Exit() Exit { return p.exit }

// Signal sends a signal to the app itself. It fails with ErrEnded.
func (p *Process) Signal(signal syscall.Signal) error {
	return p.withApp(func(fd int) error { return unix.PidfdSendSignal(fd, signal, nil, 0) })
}

// SignalGroup sends a signal to the app and to its children that are still in its process group. It fails with
// ErrEnded; what an ended app left behind is killed by the shim.
func (p *Process) SignalGroup(signal syscall.Signal) error {
	return p.withApp(func(fd int) error { return protocol.SignalGroup(fd, p.id.PID, signal) })
}

func (p *Process) withApp(send func(fd int) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.app == nil {
		return ErrEnded
	}
	err := p.app.with(send)
	if errors.Is(err, unix.ESRCH) {
		return ErrEnded
	}
	return err
}

// Release ends the watching and leaves app and shim as they are.
func (p *Process) Release() {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.app != nil {
		p.app.close()
		p.app = nil
	}
}

// watch waits for the end of the shim. It runs in a goroutine of its own, which closes what only it uses.
func (p *Process) watch(ctx context.Context) {
	defer p.closeFiles()
	for quick := 0; ; quick++ {
		began := time.Now()
		if !p.shim.wait(ctx) {
			return
		}
		reap(p.id.ShimPID)
		if exit, ok := protocol.ReadExit(p.dir); ok && exit.PID == p.id.PID && exit.Start == p.id.Start {
			p.finish(exit)
			return
		}
		if time.Since(began) > time.Second {
			quick = 0
		}
		// Somebody may be killing every shim.
		if !pause(ctx, min(time.Duration(quick)*time.Millisecond, 100*time.Millisecond)) {
			return
		}
		if p.rescue(ctx) {
			continue
		}
		if ctx.Err() == nil {
			p.finish(p.alone())
		}
		return
	}
}

// pause returns false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// finish may be called once.
func (p *Process) finish(exit Exit) {
	p.exit = exit
	p.mu.Lock()
	if p.app != nil {
		p.app.close()
		p.app = nil
	}
	p.mu.Unlock()
	close(p.done)
}

func (p *Process) closeFiles() {
	p.shim.close()
	closeFIFO(p.fifo)
}

func closeFIFO(fifo *os.File) {
	if fifo != nil {
		_ = fifo.Close()
	}
}

// reap takes the status of a shim that is our child. That of another is taken by its own parent.
func reap(pid int) {
	for {
		_, err := unix.Wait4(pid, nil, unix.WNOHANG, nil)
		if err != unix.EINTR {
			return
		}
	}
}
