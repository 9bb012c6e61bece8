package laws

import (
	"errors"
	"fmt"
	"sync"
)

// concurrent takes several things through their whole lives at the same time.
func concurrent(s Subject, fresh func() Thing) error {
	errs := make([]error, Things)
	var done sync.WaitGroup
	for i := range Things {
		t := newTrial(s, fresh(), i)
		done.Go(func() {
			if err := life(t); err != nil {
				errs[i] = fmt.Errorf("thing %d: %w", i, err)
			}
		})
	}
	done.Wait()
	return errors.Join(errs...)
}

// life creates, updates and deletes one thing, and reads it after each step.
func life(t *trial) error {
	v := t.null()
	for i, values := range t.steps() {
		var err error
		if i == 0 {
			v, err = t.make()
		} else {
			v, err = t.change(v, values)
		}
		if err != nil {
			return err
		}
		if err := t.reads(v, v); err != nil {
			return err
		}
	}
	if err := t.remove(v); err != nil {
		return err
	}
	return t.gone(v)
}
