//go:build unix

package agent

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// lockHome makes this agent the only one of its home, for as long as the closer is not closed. The lock is the
// kernel's, so it ends with the process. A predecessor that is just ending is waited for.
func lockHome(home string) (io.Closer, error) {
	path := filepath.Join(home, "agent.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the agent's lock: %w", err)
	}
	deadline := time.Now().Add(2 * time.Second)
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil || !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(deadline) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.Join(fmt.Errorf("%w for %s%s", ErrRunning, home, holder(path)), f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot lock %s: %w", path, err), f.Close())
	}
	// Only people read it, to find the process. It has a fixed width and is written in place: on a disk that is full
	// nothing else works, and the agent has to come up on that too, if need be without it.
	_, _ = fmt.Fprintf(f, "%-*d\n", pidWidth, os.Getpid())
	return f, nil
}

// pidWidth is the width of the process id in the lock file.
const pidWidth = 20

// holder names the process that holds the lock, "" if it has not written that yet.
func holder(path string) string {
	text, _ := os.ReadFile(path)
	first, _, _ := strings.Cut(string(text), "\n")
	if _, err := strconv.Atoi(strings.TrimSpace(first)); err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %s)", strings.TrimSpace(first))
}
