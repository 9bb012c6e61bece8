package usage

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of times in /proc/PID/stat: sysconf(_SC_CLK_TCK) is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// Look reads /proc. A process that ends meanwhile is left out.
func Look() (Table, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return Table{}, fmt.Errorf("cannot list processes: %w", err)
	}
	t := Table{processes: map[int]process{}, children: map[int][]int{}}
	page := int64(os.Getpagesize())
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		if p, ok := parse(stat, page); ok {
			t.processes[pid] = p
			t.children[p.parent] = append(t.children[p.parent], pid)
		}
	}
	return t, nil
}

// parse reads a line of /proc/PID/stat, see proc(5). The name in parentheses may hold anything, so that what follows is
// counted from the last parenthesis.
func parse(stat []byte, page int64) (process, bool) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 22 {
		return process{}, false
	}
	number := func(i int) int64 { // of the field i, as proc(5) counts
		n, _ := strconv.ParseInt(string(fields[i-3]), 10, 64)
		return n
	}
	ticks := number(14) + number(15) + number(16) + number(17)
	return process{parent: int(number(4)), own: Usage{CPU: time.Duration(ticks) * tick, Memory: number(24) * page, Processes: 1}}, true
}
