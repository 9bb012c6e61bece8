package shim

import (
	"fmt"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// Sweep removes the control groups that a unit which does not run has left, because its app and its shims were all killed.
// Mostly there are none.
func Sweep(dir string) error {
	groups := protocol.ReadGroups(dir)
	protocol.KillGroups(groups)
	if err := protocol.RemoveGroups(dir, groups); err != nil {
		return fmt.Errorf("cannot remove the control groups of %s: %w", dir, err)
	}
	return nil
}
