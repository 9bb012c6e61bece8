package shim

import (
	"fmt"
	"path/filepath"

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
	if exit, ok := protocol.ReadEnded(dir, id); ok { // the shim was killed soon after
		return Found{State: Finished, Exit: exit}, nil
	}
	if orphan, ok := protocol.Orphan(dir, id); ok {
		return Found{State: Orphaned, PID: orphan.PID}, nil
	}
	return Found{}, nil
}
