package protocol

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// WriteGroups notes the control groups of the app in dir. It is not synced: no group outlives the machine.
func WriteGroups(dir string, groups []Cgroup) error {
	var text strings.Builder
	for _, g := range groups {
		text.WriteString(g.Dir + "\n")
	}
	return replace(filepath.Join(dir, GroupsFile), []byte(text.String()))
}

// ReadGroups returns the directories of the control groups that were noted in dir.
func ReadGroups(dir string) []string {
	text, _ := os.ReadFile(filepath.Join(dir, GroupsFile))
	var groups []string
	for line := range strings.Lines(string(text)) {
		if group, whole := strings.CutSuffix(line, "\n"); whole && filepath.IsAbs(group) {
			groups = append(groups, group)
		}
	}
	return groups
}

// Second reports whether a group is one of the second generation.
func Second(group string) bool {
	_, err := os.Stat(filepath.Join(group, "cgroup.controllers"))
	return err == nil
}

// OutOfMemory returns the limit in bytes for which the kernel has killed somebody in one of the groups, or 0.
func OutOfMemory(groups []string) int64 {
	for _, g := range groups {
		kills, limit := "memory.oom_control", "memory.limit_in_bytes"
		if Second(g) {
			kills, limit = "memory.events", "memory.max"
		}
		if number(filepath.Join(g, kills), "oom_kill") > 0 {
			return number(filepath.Join(g, limit), "")
		}
	}
	return 0
}

// number reads the number behind a word at the beginning of a line, or the whole file; 0 if there is none.
func number(file, word string) int64 {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if word != "" && len(fields) == 2 && fields[0] == word || word == "" && len(fields) == 1 {
			n, _ := strconv.ParseInt(fields[len(fields)-1], 10, 64)
			return n
		}
	}
	return 0
}

// KillGroups kills everybody in the groups, and returns when they are killed, though not yet reaped.
func KillGroups(groups []string) {
	for _, g := range groups {
		if os.WriteFile(filepath.Join(g, "cgroup.kill"), []byte("1"), 0) == nil {
			continue
		}
		// One at a time, and no new ones meanwhile.
		_ = os.WriteFile(filepath.Join(g, "pids.max"), []byte("0"), 0)
		for range 100 {
			text, _ := os.ReadFile(filepath.Join(g, "cgroup.procs"))
			inside := strings.Fields(string(text))
			if len(inside) == 0 {
				break
			}
			for _, word := range inside {
				if pid, err := strconv.Atoi(word); err == nil && pid != os.Getpid() {
					_ = unix.Kill(pid, unix.SIGKILL)
				}
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// removeWait is how long those who were killed in a group may take to leave it.
const removeWait = 2 * time.Second

// RemoveGroups removes the groups, which are to be empty, and the note of them in dir. A group that stays is left noted.
func RemoveGroups(dir string, groups []string) error {
	deadline := time.Now().Add(removeWait)
	var failed error
	for _, g := range groups {
		for {
			err := unix.Rmdir(g)
			if err == nil || err == unix.ENOENT {
				break
			}
			if err != unix.EBUSY && err != unix.EINTR || time.Now().After(deadline) {
				failed = err
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	if failed != nil || len(groups) == 0 {
		return failed
	}
	return os.Remove(filepath.Join(dir, GroupsFile))
}
