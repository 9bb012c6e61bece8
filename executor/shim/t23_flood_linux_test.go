package shim_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/torture"
)

// torrent writes so many MiB as fast as it can: short lines, lines of a whole MiB, and bytes of all kinds without any line.
func torrent(mib int) {
	random := rand.NewChaCha8([32]byte{23})
	short := bytes.Repeat([]byte("the quick brown fox jumps over the lazy dog, again and again!!!\n"), 1<<20/64)
	long := append(bytes.Repeat([]byte("x"), 1<<20-1), '\n')
	binary := make([]byte, 1<<20)
	for i := range mib {
		piece := [][]byte{short, long, binary}[i%3]
		if i%3 == 2 {
			_, _ = random.Read(binary)
		}
		if _, err := os.Stdout.Write(piece); err != nil {
			os.Exit(3)
		}
	}
	fmt.Println("\nthe end of the flood")
}

// logBytes is what the logs of a unit take on the disk.
func logBytes(t *testing.T, dir string) (sum int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "log*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err == nil { // it may just be rotated away
			sum += info.Size()
		}
	}
	return sum
}

// An app floods its log while a neighbour counts: the flood takes no more of the disk than it may, ends as it should, and the
// neighbour loses not a line. On a disk that is full as well, the app goes on, and what was dropped is counted and told.
func TestT23Flood(t *testing.T) {
	mib := torture.Pick(50, 1024)
	const most, files = 1 << 20, 3
	dir, quiet := t.TempDir(), t.TempDir()
	neighbour := start(t, spec(t, quiet, "count=3000"))
	s := spec(t, dir, "torrent="+strconv.Itoa(mib))
	s.Log = shim.Log{MaxBytes: most, Files: files}
	flood := start(t, s)
	var peak int64
	for running := true; running; {
		select {
		case <-flood.Done():
			running = false
		default:
		}
		peak = max(peak, logBytes(t, dir))
	}
	// While files are renamed one may be counted twice.
	if peak > (files+1)*most {
		t.Errorf("the log has taken %d bytes", peak)
	}
	if kept := logBytes(t, dir); kept > files*most {
		t.Errorf("the log takes %d bytes", kept)
	}
	if exit := flood.Exit(); !exit.Success() || exit.Dropped != 0 {
		t.Errorf("the flood: %s, %d bytes dropped", exit, exit.Dropped)
	}
	if got := lines(t, dir); got[len(got)-1] != "the end of the flood" {
		t.Errorf("the last line: %.60q", got[len(got)-1])
	}
	if exit := wait(t, neighbour); !exit.Success() {
		t.Errorf("the neighbour: %s", exit)
	}
	checkCount(t, lines(t, quiet), 3000)
	dropped := floodOfSmallDisk(t)
	torture.Report(t, "T23", "%d MiB in short lines, lines of 1 MiB and binary: log at most %d KiB, neighbour 0 of 3000 lines lost; full disk: %d KiB dropped, all told",
		mib, peak>>10, dropped>>10)
}

// floodOfSmallDisk floods a log on a disk that has no room for it, and returns how much was dropped.
func floodOfSmallDisk(t *testing.T) int64 {
	if os.Getuid() != 0 {
		t.Log("the part with a full disk needs root")
		return 0
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Log("the part with a full disk is left out: cannot mount a small one: ", err)
		return 0
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 512<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	flag := filepath.Join(t.TempDir(), "go")
	flooded := filepath.Join(t.TempDir(), "flooded")
	p := start(t, spec(t, dir, "torrent=6", "touch="+flooded, "wait="+flag, "say=after"))
	eventually(t, "flooded", func() bool {
		_, err := os.Stat(flooded)
		return err == nil && waiting(t, filepath.Join(dir, "out")) == 0
	})
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	exit := wait(t, p)
	var told int64
	for _, line := range lines(t, dir) {
		var n int64
		if _, after, ok := strings.Cut(line, "recipe: "); ok {
			if _, err := fmt.Sscanf(after, "%d bytes of output dropped", &n); err == nil {
				told += n
			}
		}
	}
	if exit.Dropped == 0 || told != exit.Dropped {
		t.Errorf("dropped %d, told %d", exit.Dropped, told)
	}
	return exit.Dropped
}
