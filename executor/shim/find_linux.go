package shim

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// Find looks at the unit in dir and changes nothing. A directory that does not exist is one where nothing runs.
func Find(dir string) (Found, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Found{}, err
	}
	locked, err := protocol.Locked(filepath.Join(dir, protocol.LockFile))
	if err != nil {
		return Found{}, fmt.Errorf("cannot look at the lock in %s: %w", dir, err)
	}
	id, known := protocol.ReadID(dir)
	if locked {
		return Found{State: Running, PID: id.PID}, nil
	}
	// The lock was free, so that what is read from here on is final, unless somebody starts the unit just now.
	if exit, ok := protocol.ReadExit(dir); ok {
		return Found{State: Finished, Exit: exit}, nil
	}
	if !known {
		return Found{}, nil
	}
	if orphan, ok := orphanOf(dir, id); ok {
		return Found{State: Orphaned, PID: orphan.PID}, nil
	}
	return Found{}, nil
}

// orphanOf returns the app that id tells of, if it lives. If its number was never written it is searched by its
// environment: of the marked processes the app is the one that leads a group of its own, and the first to do so.
func orphanOf(dir string, id protocol.ID) (protocol.ID, bool) {
	if id.PID != 0 {
		start, err := protocol.StartTime(id.PID)
		return id, err == nil && start == id.Start
	}
	// The kernel gives up the lock of a process that becomes the app an instant before its environment can be seen.
	for range 2 {
		for _, pid := range protocol.Marked(dir) {
			start, err := protocol.StartTime(pid)
			if err == nil && leadsGroup(pid) {
				id.PID, id.Start = pid, start
				return id, true
			}
		}
		time.Sleep(settleStep)
	}
	return id, false
}
