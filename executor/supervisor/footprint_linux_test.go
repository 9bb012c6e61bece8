package supervisor

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// footprint is what this process and the directories of its units hold.
type footprint struct {
	descriptors int
	goroutines  int
	children    []string // number and state of each: "123 Z"
	files       []string // below a directory
	resident    int      // memory in KiB
}

func measure(t testing.TB, root string) footprint {
	t.Helper()
	debug.FreeOSMemory() // collects the garbage first
	return footprint{len(entries(t, "/proc/self/fd")), runtime.NumGoroutine(), children(t), tree(t, root), resident(t)}
}

// same reports whether nothing has been added or lost since before, memory aside.
func (f footprint) same(before footprint) bool {
	f.resident, before.resident = 0, 0
	return fmt.Sprint(f) == fmt.Sprint(before)
}

func entries(t testing.TB, dir string) []os.DirEntry {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// children lists what has this process for its parent, zombies included.
func children(t testing.TB) []string {
	t.Helper()
	var found []string
	for _, entry := range entries(t, "/proc") {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err != nil {
			continue // it has ended meanwhile
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if fields[1] == strconv.Itoa(os.Getpid()) {
			found = append(found, entry.Name()+" "+fields[0])
		}
	}
	return found
}

func tree(t testing.TB, root string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		names = append(names, strings.TrimPrefix(path, root))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func resident(t testing.TB) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib
}
