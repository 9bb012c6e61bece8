package protocol

import (
	"bytes"
	"os"
	"strconv"
)

// Marked returns the processes whose environment names dir as their unit, the oldest number first. Processes of
// other users are not seen unless the caller is root. It looks at every process of the machine.
func Marked(dir string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	want := []byte(Marker + "=" + dir)
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		environ, err := os.ReadFile("/proc/" + entry.Name() + "/environ")
		if err == nil && holds(environ, want) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// holds reports whether variable is one of the zero-terminated strings of an environment.
func holds(environ, variable []byte) bool {
	for one := range bytes.SplitSeq(environ, []byte{0}) {
		if bytes.Equal(one, variable) {
			return true
		}
	}
	return false
}
