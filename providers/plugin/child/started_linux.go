package child

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// startOf says when a process began, in clock ticks since the boot; 0 if there is none, or only what its parent has not
// waited for. The format is in proc(5): the state is the first field after the name in parentheses, the start the 20th.
func startOf(pid int) uint64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 || fields[0][0] == 'Z' || fields[0][0] == 'X' {
		return 0
	}
	started, err := strconv.ParseUint(string(fields[19]), 10, 64)
	if err != nil {
		return 0
	}
	return started
}
