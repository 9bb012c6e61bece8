package shimmain

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// statusWait is how long the parent of a rescued app, mostly process 1, may take to reap it. The kernel tells the
// status only then.
const statusWait = 2 * time.Second

// rescue adopts a running app whose shim was killed. The app may end at any time, even before this begins: the pidfd
// was opened while it lived.
func rescue(spec *protocol.Spec, p *pump) error {
	self, err := ownID()
	if err != nil {
		return failed("find out its own identity", err)
	}
	id := self
	id.PID, id.Start = spec.Rescued.PID, spec.Rescued.Start
	if err := protocol.WriteID(".", id); err != nil {
		return failed("write the id", err)
	}
	if err := p.settle(); err != nil {
		return err
	}
	ended, err := watchStranger(id.PID, spec.Dir)
	if err != nil {
		return err
	}
	answer(protocol.Answer{PID: id.PID, Start: id.Start, ShimStart: self.ShimStart})
	p.carry(ended.wake)
	return writeExit(id, ended.result(), p.log.lost)
}

// watchStranger is watchChildren for an app that is not a child of ours, by its pidfd.
func watchStranger(app int, dir string) (*end, error) {
	e, err := newEnd()
	if err != nil {
		return nil, err
	}
	// Poll has to block here: the descriptor came as one that does not.
	go func() {
		waitReadable(protocol.AppFD, -1)
		at := time.Now()
		killMarked(dir)
		exit := statusOf(protocol.AppFD)
		exit.Time = at
		e.tell(exit)
	}()
	return e, nil
}

func statusOf(pidfd int) protocol.Exit {
	deadline := time.Now().Add(statusWait)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		if exit, ok := protocol.ExitOf(pidfd); ok {
			return exit
		}
		if time.Now().After(deadline) {
			return protocol.Exit{}
		}
		time.Sleep(pause)
	}
}

// waitReadable waits until fd is readable or the time, in milliseconds, is over; -1 waits for ever.
func waitReadable(fd, timeout int) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, timeout); err != unix.EINTR {
			return
		}
	}
}
