package shimmain

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/landlock"
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
		return failedFile("write", protocol.LockFile, err)
	}
	app, err := launchApp(spec, p.fifo, args)
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
		return failedFile("write", protocol.IDFile, err)
	}
	ended, err := watchChildren(id)
	if err != nil {
		_ = unix.Kill(-app, unix.SIGKILL)
		return err
	}
	answer(protocol.Answer{PID: app, Start: id.Start, ShimStart: self.ShimStart})
	p.carry(ended.wake)
	return writeExit(id, ended.result(), p.log.lost)
}

func launchApp(spec *protocol.Spec, fifo int, args []string) (int, error) {
	if len(spec.Cgroups) == 0 && spec.Sandbox == nil {
		return launch(spec, fifo, args)
	}
	err := makeGroups(spec.Cgroups)
	var app int
	if err == nil {
		app, err = launchApart(spec, fifo, args)
	}
	if err != nil {
		dismiss()
	}
	return app, err
}

// launchApart is launch in a thread that ends after that. An app inherits control groups of the first generation and its sandbox
// from the thread that forks it, and the shim must neither be killed with its app nor be kept to its files. Into a group of the
// second generation the kernel puts the new process itself.
func launchApart(spec *protocol.Spec, fifo int, args []string) (int, error) {
	type result struct {
		app int
		err error
	}
	done := make(chan result)
	landlock.Apart(func() {
		app, err := launch(spec, fifo, args)
		done <- result{app, err}
	})
	r := <-done
	return r.app, r.err
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

// appLives reports whether there is an app whose shim was killed. It is not ours to end: it is rescued by who finds it.
func appLives(dir string) bool {
	if ended() {
		return false
	}
	id, ok := protocol.ReadID(".")
	if ok {
		_, ok = protocol.Orphan(dir, id)
	}
	return ok
}

// ended reports whether the last run has come to its end under a shim.
func ended() bool {
	_, err := os.Stat(protocol.ExitFile)
	return err == nil
}

// cleanUp takes away what the last run left: its exit, and the descendants of an app that ended without a shim.
func cleanUp(dir string) error {
	if _, ran := protocol.ReadID("."); ran && !ended() {
		killMarked(dir)
	}
	if groups := protocol.ReadGroups("."); len(groups) > 0 {
		protocol.KillGroups(groups)
		if err := protocol.RemoveGroups(".", groups); err != nil {
			return failedFile("remove the last control groups, which are in", protocol.GroupsFile, err)
		}
	}
	for _, file := range []string{protocol.EndedFile, protocol.IDFile, protocol.ExitFile} {
		if err := unix.Unlink(file); err != nil && err != unix.ENOENT {
			return failedFile("remove", file, err)
		}
	}
	return nil
}

// killMarked kills every process that belongs to the unit in dir, and waits for their ends.
func killMarked(dir string) {
	deadline := time.Now().Add(lastWait)
	for pause := time.Millisecond; time.Now().Before(deadline); pause = min(2*pause, 20*time.Millisecond) {
		marked := protocol.Marked(dir)
		if len(marked) == 0 {
			return
		}
		for _, pid := range marked {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		time.Sleep(pause)
	}
}
