package shimmain

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// statusWait is how long the kernel may take to tell the status of a rescued app, whose parent, mostly process 1, may
// just be reaping it.
const statusWait = 2 * time.Second

// rescue adopts a running app whose shim was killed. The app may end at any time, even before this begins: the pidfd
// was opened while it lived. Of one that is unseen there is only the output left, and the status if it was noted.
func rescue(spec *protocol.Spec, p *pump) error {
	self, err := ownID()
	if err != nil {
		return failed("find out its own identity", err)
	}
	id := self
	id.PID, id.Start = spec.Rescued.PID, spec.Rescued.Start
	if err := protocol.WriteID(".", id); err != nil {
		return failedFile("write", protocol.IDFile, err)
	}
	if err := p.settle(); err != nil {
		return err
	}
	ended, err := watchStranger(id, spec)
	if err != nil {
		return err
	}
	answer(protocol.Answer{PID: id.PID, Start: id.Start, ShimStart: self.ShimStart})
	p.carry(ended.wake)
	return writeExit(id, ended.result(), p.log.lost)
}

// watchStranger is watchChildren for an app that is not a child of ours, by its pidfd.
func watchStranger(app protocol.ID, spec *protocol.Spec) (*end, error) {
	e, err := newEnd()
	if err != nil {
		return nil, err
	}
	go func() {
		if !spec.Unseen {
			waitReadable(protocol.AppFD, -1) // which has to block here: the descriptor came as one that does not
		}
		exit := blame(strangerExit(app, spec.Unseen))
		note(app, exit)
		killGroups()
		killMarked(spec.Dir)
		dismiss()
		e.tell(exit)
	}()
	return e, nil
}

// strangerExit returns how an app ended, by the note of its shim or from the kernel.
func strangerExit(app protocol.ID, unseen bool) protocol.Exit {
	exit, ok := protocol.ReadEnded(".", app)
	if ok {
		return exit
	}
	at := time.Now()
	if !unseen {
		exit = statusOf(app)
	}
	exit.Time = at
	return exit
}

// statusOf returns the status of the app behind AppFD, which has ended.
func statusOf(app protocol.ID) protocol.Exit {
	deadline := time.Now().Add(statusWait)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		if exit, ok := protocol.ExitOf(protocol.AppFD, app.PID, app.Start); ok {
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
