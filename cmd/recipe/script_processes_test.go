//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one that was seen in /proc.
type process struct {
	pid     int
	command string
}

func (p process) String() string { return fmt.Sprintf("%d %s", p.pid, p.command) }

// processesOf lists the processes that belong to a RECIPE_HOME: those that name it in their command line, their
// environment or their working directory. The commands of the script itself are not among them while none runs.
func processesOf(home string) ([]process, error) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	agent := lockHolder(home) // an agent keeps its environment from all but root
	var list []process
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == os.Getpid() {
			continue
		}
		// A process that ends meanwhile cannot be read any more, and is none of what is left.
		command, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		environment, _ := os.ReadFile(filepath.Join(dir, "environ"))
		directory, _ := os.Readlink(filepath.Join(dir, "cwd"))
		if len(command) == 0 { // a zombie
			continue
		}
		if mentions(command, home) || mentions(environment, home) || mentions([]byte(directory), home) || pid == agent {
			list = append(list, process{pid, strings.ReplaceAll(string(command), "\x00", " ")})
		}
	}
	return list, nil
}

// lockHolder is the process that holds the lock of a home, 0 if nobody does.
func lockHolder(home string) int {
	f, err := os.Open(filepath.Join(home, "agent.lock"))
	if err != nil {
		return 0
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return 0
	}
	text, _ := io.ReadAll(f)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text))) // 0 as long as it is not written
	return pid
}

// mentions reports whether text names home itself or a path below it, and not another home that begins alike.
func mentions(text []byte, home string) bool {
	for {
		_, after, found := bytes.Cut(text, []byte(home))
		if !found {
			return false
		}
		if len(after) == 0 || bytes.IndexByte([]byte("/\x00 :"), after[0]) >= 0 {
			return true
		}
		text = after
	}
}

// endAll ends the processes of a home one by one, the agent before those that it would start again, and returns
// those that did not end.
func endAll(home string) (left []process, err error) {
	for deadline := time.Now().Add(scriptPatience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if left, err = processesOf(home); err != nil || len(left) == 0 {
			return nil, err
		}
		for _, p := range left {
			if e := syscall.Kill(p.pid, syscall.SIGKILL); e != nil && !errors.Is(e, syscall.ESRCH) {
				err = errors.Join(err, e)
			}
		}
	}
	return left, err
}
