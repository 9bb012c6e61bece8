package supervisor

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
)

// parallelForks is chosen so that a start does not wait for the disk alone, and a boot does not crowd the machine.
const parallelForks = 8

// launchTimeout bounds what a start may take, without the time until ready.
const launchTimeout = 30 * time.Second

// launch starts the process of a unit; not more than parallelForks at a time.
func (s *Supervisor) launch(spec Spec) (*shim.Process, error) {
	select {
	case s.forking <- struct{}{}:
	case <-s.closed:
		return nil, ErrClosed
	}
	defer func() { <-s.forking }()
	if err := spec.free(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(spec.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the directory of %s: %w", spec.Address, err)
	}
	if err := noteOrder(spec); err != nil {
		return nil, fmt.Errorf("cannot note why %s starts: %w", spec.Address, err)
	}
	prepared, err := s.stock.take()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), launchTimeout)
	defer cancel()
	return prepared.Start(ctx, spec.shimSpec())
}

// obstructed is the error of Spec.Free.
type obstructed struct{ error }

func (o obstructed) Unwrap() error { return o.error }

// free asks Spec.Free.
func (s Spec) free() error {
	if s.Free == nil {
		return nil
	}
	if err := s.Free(); err != nil {
		return obstructed{err}
	}
	return nil
}
