package agent

import (
	"context"
	"fmt"

	"github.com/nsynapse/recipe/executor/shim"
)

// A saying takes a line that a unit wrote. It is called from one goroutine at a time.
type saying func(unit, line string) error

// tail tells the last lines of one unit.
func (a *Agent) tail(s *stack, unit string, lines int, say saying) error {
	tail, err := shim.Tail(a.unitDir(s, unit), lines)
	if err != nil {
		return fmt.Errorf("cannot read the log of %s: %w", unit, err)
	}
	for _, line := range tail {
		if err := say(unit, line); err != nil {
			return err
		}
	}
	return nil
}

func (a *Agent) tailAndFollow(ctx context.Context, s *stack, unit string, lines int, say saying) error {
	if err := a.tail(s, unit, lines, say); err != nil {
		return err
	}
	return a.follow(ctx, s, unit, false, say)
}

// follow tells what one unit writes from now on, or from its beginning.
func (a *Agent) follow(ctx context.Context, s *stack, unit string, fromStart bool, say saying) error {
	var failed error
	err := shim.Follow(ctx, a.unitDir(s, unit), fromStart, func(line []byte) bool {
		failed = say(unit, string(line))
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return err
}
