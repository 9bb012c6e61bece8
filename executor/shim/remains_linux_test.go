package shim_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// orphan starts an app and kills its shim, with nobody there to rescue it.
func orphan(t *testing.T, dir string, words ...string) *shim.Process {
	t.Helper()
	p := start(t, spec(t, dir, words...))
	p.Release()
	pid := shimOf(t, dir)
	_ = syscall.Kill(pid, syscall.SIGKILL)
	_, _ = unix.Wait4(pid, nil, 0, nil)
	t.Cleanup(func() {
		for _, left := range protocol.Marked(dir) {
			_ = syscall.Kill(left, syscall.SIGKILL)
		}
	})
	return p
}

// A start does not end an app that lives without a shim: that is for Adopt to find.
func TestStartSparesOrphan(t *testing.T) {
	dir := t.TempDir()
	p := orphan(t, dir, "sleep")
	if _, err := shim.Start(t.Context(), program(), spec(t, dir, "sleep")); !errors.Is(err, shim.ErrBusy) {
		t.Errorf("got %v", err)
	}
	again, err := shim.Adopt(t.Context(), program(), dir, shim.Log{})
	if err != nil {
		t.Fatal(err)
	}
	if again.PID() != p.PID() {
		t.Errorf("got process %d, want %d", again.PID(), p.PID())
	}
	kill(again)
}

// A start that fails does not end one either.
func TestFailedStartSparesOrphan(t *testing.T) {
	dir := t.TempDir()
	p := orphan(t, dir, "sleep")
	if _, err := shim.Start(t.Context(), shim.Program{"/bin/true"}, spec(t, dir, "sleep")); err == nil {
		t.Fatal("started by a shim that does nothing")
	}
	if found, err := shim.Find(dir); err != nil || found.State != shim.Orphaned || found.PID != p.PID() {
		t.Errorf("found %v, %v", found, err)
	}
}

// What an app has left behind that ended without a shim is gone before the next one starts.
func TestStartKillsWhatIsLeft(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "pids")
	p := orphan(t, dir, "tree="+file, "sleep")
	var leaf, grand int
	eventually(t, "the tree stands", func() bool {
		b, err := os.ReadFile(file)
		if err != nil {
			return false
		}
		_, err = fmt.Sscan(string(b), &leaf, &grand)
		return err == nil
	})
	app, err := unix.PidfdOpen(p.PID(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(app)
	_ = syscall.Kill(p.PID(), syscall.SIGKILL)
	eventually(t, "the app has ended, with all of its threads", func() bool { return protocol.Ended(app) })
	start(t, spec(t, dir, "sleep"))
	for _, pid := range []int{leaf, grand} {
		eventually(t, "its descendants are gone", func() bool {
			_, err := protocol.StartTime(pid)
			return errors.Is(err, protocol.ErrGone)
		})
	}
}
