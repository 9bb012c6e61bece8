package shim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// A child is a shim that this process has started and not yet heard of.
type child struct {
	pid     int
	pidfd   *pidfd
	request *os.File // its stdin
	answer  *os.File
}

// spawn starts a shim; app goes to it as a descriptor unless it is nil.
func spawn(program Program, app *pidfd) (*child, error) {
	// The shim's ends block, ours do not: os.Pipe would make all of them alike.
	request, toShim, err := pipe(1)
	if err != nil {
		return nil, err
	}
	defer unix.Close(request)
	answer, fromShim, err := pipe(0)
	if err != nil {
		return nil, errors.Join(err, toShim.Close())
	}
	defer unix.Close(answer)
	c := &child{request: toShim, answer: fromShim}
	if app == nil {
		err = c.fork(program, request, answer)
	} else {
		err = app.with(func(fd int) error { return c.fork(program, request, answer, fd) })
	}
	if err != nil {
		return nil, errors.Join(err, toShim.Close(), fromShim.Close())
	}
	return c, nil
}

// pipe returns a pipe whose end number own, 0 for reading and 1 for writing, is a file that waits in the poller, and
// the other end.
func pipe(own int) (other int, f *os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return -1, nil, err
	}
	if err := unix.SetNonblock(fds[own], true); err != nil {
		return -1, nil, errors.Join(err, unix.Close(fds[0]), unix.Close(fds[1]))
	}
	return fds[1-own], os.NewFile(uintptr(fds[own]), "pipe"), nil
}

// fork is not os.StartProcess, which comes with a descriptor and a waiting thread of its own. The shim gets stdin, and
// the other descriptors from protocol.AnswerFD on.
func (c *child) fork(program Program, stdin int, others ...int) error {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(null)
	fds := []uintptr{uintptr(stdin), uintptr(null), uintptr(null)}
	for _, fd := range others {
		fds = append(fds, uintptr(fd))
	}
	var pidfd int
	attr := &syscall.ProcAttr{
		Dir:   "/",
		Env:   []string{"GOMAXPROCS=1"}, // fewer threads, less memory
		Files: fds,
		Sys:   &syscall.SysProcAttr{Setsid: true, PidFD: &pidfd},
	}
	c.pid, err = syscall.ForkExec(program[0], program, attr)
	if err != nil {
		return err
	}
	if pidfd < 0 { // a kernel before Linux 5.2; our child cannot be mistaken as long as it was not waited for
		if pidfd, err = unix.PidfdOpen(c.pid, 0); err != nil {
			return errors.Join(err, unix.Kill(c.pid, unix.SIGKILL))
		}
	}
	if err := unix.SetNonblock(pidfd, true); err != nil {
		return errors.Join(err, unix.Kill(c.pid, unix.SIGKILL))
	}
	c.pidfd = newPidfd(pidfd)
	return nil
}

// talk hands over the request and waits for the answer.
func (c *child) talk(ctx context.Context, spec *protocol.Spec) (protocol.Answer, error) {
	defer c.hangUp()
	defer context.AfterFunc(ctx, func() {
		_ = c.request.SetDeadline(time.Unix(1, 0))
		_ = c.answer.SetDeadline(time.Unix(1, 0))
	})()
	_, err := c.request.Write(spec.Encode())
	err = errors.Join(err, c.request.Close())
	var text []byte
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(c.answer, 1<<16))
	}
	if ctx.Err() != nil {
		return protocol.Answer{}, fmt.Errorf("the shim in %s has not started the app: %w", spec.Dir, context.Cause(ctx))
	}
	if err != nil {
		return protocol.Answer{}, fmt.Errorf("cannot talk to the shim in %s: %w", spec.Dir, err)
	}
	a, ok := protocol.DecodeAnswer(text)
	if !ok {
		return protocol.Answer{}, fmt.Errorf("the shim in %s ended without an answer", spec.Dir)
	}
	return a, nil
}

func (c *child) hangUp() {
	_ = c.request.Close()
	_ = c.answer.Close()
}

// kill ends the shim whatever it does, and waits for that.
func (c *child) kill() {
	_ = c.pidfd.with(func(fd int) error { return unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) })
	c.discard()
}

// discard waits for a shim that is about to end.
func (c *child) discard() {
	c.pidfd.wait(context.Background())
	c.pidfd.close()
	reap(c.pid)
}
