package shim

import (
	"context"
	"os"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// A pidfd is a process that is waited for by the runtime's poller: a goroutine, but no thread.
type pidfd struct{ file *os.File }

// newPidfd takes over fd, which must not block.
func newPidfd(fd int) *pidfd { return &pidfd{os.NewFile(uintptr(fd), "pidfd")} }

// openProcess returns the process that had the number and started at start, or protocol.ErrGone.
func openProcess(pid int, start uint64) (*pidfd, error) {
	fd, err := protocol.OpenProcess(pid, start)
	if err != nil {
		return nil, err
	}
	return newPidfd(fd), nil
}

// wait returns true once the process has ended, and false if ctx ended first. It is called by one goroutine at a time;
// after it has returned false the pidfd is closed.
func (p *pidfd) wait(ctx context.Context) bool {
	defer context.AfterFunc(ctx, p.close)()
	raw, err := p.file.SyscallConn()
	if err != nil {
		return false
	}
	return raw.Read(func(fd uintptr) bool { return protocol.Ended(int(fd)) }) == nil
}

// ended reports whether the process has ended, or the pidfd is closed.
func (p *pidfd) ended() bool {
	ended := true
	_ = p.with(func(fd int) error {
		ended = protocol.Ended(fd)
		return nil
	})
	return ended
}

// with calls f with the descriptor, which stays open meanwhile.
func (p *pidfd) with(f func(fd int) error) error {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

func (p *pidfd) close() { _ = p.file.Close() }
