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

// spawn starts a shim for dir; app goes to it as a descriptor unless it is nil.
func spawn(program Program, dir string, app *pidfd) (*child, error) {
	request, toShim, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer request.Close()
	fromShim, answer, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, toShim.Close())
	}
	defer answer.Close()
	c := &child{request: toShim, answer: fromShim}
	if app == nil {
		err = c.fork(program, []*os.File{request, nil, nil, answer})
	} else {
		err = c.fork(program, []*os.File{request, nil, nil, answer, app.file})
	}
	if err != nil {
		return nil, errors.Join(err, toShim.Close(), fromShim.Close())
	}
	return c, nil
}

// fork is not os.StartProcess, which comes with a descriptor and a waiting thread of its own. A nil file stands for
// /dev/null.
func (c *child) fork(program Program, files []*os.File) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	var fds []uintptr
	for _, f := range files {
		if f == nil {
			f = null
		}
		raw, err := f.SyscallConn()
		if err != nil {
			return err
		}
		// f stays open until the fork is over: its owner closes it afterwards. File.Fd would make it block.
		if err := raw.Control(func(fd uintptr) { fds = append(fds, fd) }); err != nil {
			return err
		}
	}
	var pidfd int
	attr := &syscall.ProcAttr{
		Dir: "/",
		// A shim needs one processor and no look at its control group for more.
		Env:   []string{"GOMAXPROCS=1", "GODEBUG=containermaxprocs=0,updatemaxprocs=0"},
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
