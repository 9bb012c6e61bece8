package shimmain

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// start runs a new app to its end.
func start(spec *protocol.Spec, p *pump, lock *os.File, args []string) error {
	self, err := ownID()
	if err != nil {
		return failed("find out its own identity", err)
	}
	if err := cleanUp(spec.Dir); err != nil {
		return err
	}
	// Should the shim be killed between here and WriteID, this says that an app may run, which its environment then
	// tells.
	if err := protocol.WriteStarting(lock, self); err != nil {
		return failed("write the id", err)
	}
	app, err := launch(spec, p.fifo, args)
	if err != nil {
		_ = lock.Truncate(0)
		return err
	}
	id := self
	id.PID = app
	id.Start, err = protocol.StartTimeUnreaped(app) // of our child, which nobody has reaped yet
	if err == nil {
		err = protocol.WriteID(".", id)
	}
	if err != nil { // an app that cannot be found again must not stay
		_ = unix.Kill(-app, unix.SIGKILL)
		return failed("write the id", err)
	}
	ended, err := watchChildren(app)
	if err != nil {
		_ = unix.Kill(-app, unix.SIGKILL)
		return err
	}
	answer(protocol.Answer{PID: app, Start: id.Start, ShimStart: self.ShimStart})
	p.carry(ended.wake)
	return writeExit(id, ended.result(), p.log.lost)
}

func ownID() (protocol.ID, error) {
	boot, err := protocol.BootID()
	if err != nil {
		return protocol.ID{}, err
	}
	pid := os.Getpid()
	start, err := protocol.StartTime(pid)
	return protocol.ID{Boot: boot, ShimPID: pid, ShimStart: start}, err
}

// cleanUp takes away what the last run left: processes, if its shim was killed, and its exit.
func cleanUp(dir string) error {
	_, ran := protocol.ReadID(".")
	_, err := os.Stat(protocol.ExitFile)
	if ran && errors.Is(err, fs.ErrNotExist) {
		killMarked(dir)
	}
	for _, file := range []string{protocol.IDFile, protocol.ExitFile} {
		if err := unix.Unlink(file); err != nil && err != unix.ENOENT {
			return failed("remove the last "+file, err)
		}
	}
	return nil
}

// killMarked kills every process that belongs to the unit in dir and is not a descendant of this shim.
func killMarked(dir string) {
	for _, pid := range protocol.Marked(dir) {
		if pid != os.Getpid() {
			_ = unix.Kill(pid, syscall.SIGKILL)
		}
	}
}
