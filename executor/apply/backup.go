package apply

import (
	"context"
	"fmt"
	"time"

	"github.com/nsynapse/recipe/planner/state"
)

// backup carries out a task that writes data aside. It changes no object, and there is nothing to take back.
func (c *carrier) backup(ctx context.Context, i int32, status Status, begin time.Time) error {
	v, err := c.current(i)
	if err != nil {
		return err
	}
	if v.IsNull() || c.Backup == nil {
		return fmt.Errorf("internal error: nobody knows how to take a backup of %s", c.changes[i].Addr)
	}
	if status != Doing && !c.record(i, taskRecord{Status: Doing}) {
		return c.failed()
	}
	clear, _ := v.UnmarkDeep()
	if err := c.Backup(ctx, c.changes[i].Addr, clear, c.report(i, v)); err != nil {
		err = fmt.Errorf("no backup could be taken, so its data stays: %s", state.Redact(err.Error(), v))
		if !c.interrupted() && !c.record(i, taskRecord{Status: Failed, Error: err.Error()}) {
			return c.failed()
		}
		return err
	}
	if !c.record(i, taskRecord{Status: Done, Took: time.Since(begin)}) {
		return c.failed()
	}
	return nil
}
