package child

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// working reports whether a process has something to do at this moment: one of its threads runs, waits for a processor ("R"), or
// for the disk ("D"). See proc(5).
func working(pid int) bool {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid)) // the pattern is ours
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		after := text[bytes.LastIndexByte(text, ')')+1:] // the name may hold anything
		if bytes.HasPrefix(after, []byte(" R")) || bytes.HasPrefix(after, []byte(" D")) {
			return true
		}
	}
	return false
}
