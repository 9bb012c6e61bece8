package supervisor_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/supervisor"
)

// onSmallDisk gives a unit a disk of its own with a little room, and returns a file that fills it up.
func (f *fixture) onSmallDisk(spec *supervisor.Spec) (fill string) {
	f.Helper()
	if os.Getuid() != 0 {
		f.Skip("mounting small disks needs root")
	}
	f.must(os.Mkdir(spec.Dir, 0o700))
	if err := unix.Mount("tmpfs", spec.Dir, "tmpfs", 0, "size=256k"); err != nil {
		f.Skip("cannot mount a small disk: ", err)
	}
	f.Cleanup(func() { _ = unix.Unmount(spec.Dir, unix.MNT_DETACH) })
	spec.Order = "task 1"
	return spec.Dir + "/fill"
}

func (f *fixture) fill(file string) {
	f.Helper()
	err := os.WriteFile(file, make([]byte, 1<<20), 0o600)
	if !errors.Is(err, syscall.ENOSPC) {
		f.Fatal("the disk is not full: ", err)
	}
}

// On a full disk a process that could not be started again is not asked to end.
func TestRestartWithoutRoomLeavesTheProcess(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "exec sleep 1000")
	fill := f.onSmallDisk(&spec)
	f.must(f.Start(t.Context(), spec))
	before := f.wait("app.a", supervisor.Ready)
	f.fill(fill)
	for what, err := range map[string]error{"room": f.Room(spec.Address), "restart": f.Restart(t.Context(), spec.Address)} {
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), spec.Dir) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if after, _ := f.Status(spec.Address); after.PID != before.PID || after.State != supervisor.Ready {
		t.Errorf("had %+v, has %+v", before, after)
	}
	f.must(os.Remove(fill))
	f.must(f.Room(spec.Address))
	f.must(f.Restart(t.Context(), spec.Address))
	if after := f.wait("app.a", supervisor.Ready); after.PID == before.PID {
		t.Error("it is the same process")
	}
	f.remove(spec)
}

// An app that fills the disk on its way to its end does not take the room of its own next start.
func TestRestartHasItsRoom(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "")
	fill := f.onSmallDisk(&spec)
	spec.Command[2] = "trap 'head -c 1000000 /dev/zero >" + fill + "; exit' TERM; touch up; while :; do sleep 0.01; done"
	f.up(&spec, "up")
	f.must(f.Start(t.Context(), spec))
	f.must(f.Restart(t.Context(), spec.Address))
	f.wait("app.a", supervisor.Ready)
	f.fill(fill + "2")
	f.remove(spec)
}
