package agent

import (
	"context"
	"fmt"

	"github.com/nsynapse/recipe/executor/shim"
)

// follow tells the last lines of one unit and what it writes from then on.
func (a *Agent) follow(ctx context.Context, s *stack, unit string, lines int, say func(unit, line string) error) error {
	dir := a.unitDir(s, unit)
	tail, err := shim.Tail(dir, lines)
	if err != nil {
		return fmt.Errorf("cannot read the log of %s: %w", unit, err)
	}
	for _, line := range tail {
		if err := say(unit, line); err != nil {
			return err
		}
	}
	var failed error
	err = shim.Follow(ctx, dir, false, func(line []byte) bool {
		failed = say(unit, string(line))
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return err
}
