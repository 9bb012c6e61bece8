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

// prepare returns a shim for a start that comes soon, or nil: then the start makes one, and can say why not.
func (s *Supervisor) prepare() *shim.Prepared {
	p, err := shim.Prepare(s.program)
	if err != nil {
		return nil
	}
	return p
}

// launch starts the process of a unit; not more than parallelForks at a time. spare is used if it is not nil.
func (s *Supervisor) launch(spec Spec, spare *shim.Prepared) (*shim.Process, error) {
	select {
	case s.forking <- struct{}{}:
	case <-s.closed:
		if spare != nil {
			spare.Close()
		}
		return nil, ErrClosed
	}
	defer func() { <-s.forking }()
	if spare == nil {
		var err error
		if spare, err = shim.Prepare(s.program); err != nil {
			return nil, err
		}
	}
	if err := spec.free(); err != nil {
		spare.Close()
		return nil, err
	}
	if err := os.MkdirAll(spec.Dir, 0o700); err != nil {
		spare.Close()
		return nil, fmt.Errorf("cannot make the directory of %s: %w", spec.Address, err)
	}
	if err := noteOrder(spec); err != nil {
		spare.Close()
		return nil, fmt.Errorf("cannot note why %s starts: %w", spec.Address, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), launchTimeout)
	defer cancel()
	return spare.Start(ctx, spec.shimSpec())
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
