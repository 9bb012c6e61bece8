package shim_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim"
)

// A start for which the disk has no more files, or no more blocks, says where, whatever the shim finds no room for first.
func TestStartWithoutRoomNamesThePath(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting small disks needs root")
	}
	failed := 0
	for _, room := range []string{"nr_inodes=%d", "nr_blocks=%d"} {
		for n := 1; n < 8; n++ { // 0 would be no limit
			if !startsOnDisk(t, fmt.Sprintf(room, n)) {
				failed++
			}
		}
	}
	if failed < 3 {
		t.Errorf("only %d of the disks were too small", failed)
	}
}

// startsOnDisk reports whether an app starts in a directory on a disk of that size. If not, it has to be told where there is no room.
func startsOnDisk(t *testing.T, size string) bool {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, size); err != nil {
		t.Skip("cannot mount a small disk: ", err)
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
	p, err := shim.Start(t.Context(), program(), spec(t, dir, "exit=0"))
	if err != nil {
		if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), dir) {
			t.Errorf("with %s: %v", size, err)
		}
		return false
	}
	wait(t, p)
	return true
}
