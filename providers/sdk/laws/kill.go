package laws

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// parts of an undisturbed change at which the plugin is killed.
const parts = 4

func killedCreation(t *trial) error {
	began := time.Now()
	v, err := t.make()
	if err != nil {
		return err
	}
	took, seen := time.Since(began), t.observe()
	if err := t.remove(v); err != nil {
		return err
	}
	return eachPart(took, func(after time.Duration) error {
		v, err := t.killed(after, t.null(), Object(t.schema, t.thing.Create))
		return t.endsAs(seen, v, err)
	})
}

func killedUpdate(t *trial) error {
	if len(t.thing.Updates) == 0 {
		return nil
	}
	_, took, seen, err := t.clean()
	if err != nil {
		return err
	}
	return eachPart(took, func(after time.Duration) error {
		v, err := t.make()
		if err == nil {
			v, err = t.killed(after, v, Object(t.schema, t.thing.Updates[0]))
		}
		return t.endsAs(seen, v, err)
	})
}

func killedDeletion(t *trial) error {
	v, err := t.make()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := t.remove(v); err != nil {
		return err
	}
	took, seen := time.Since(began), t.observe()
	return eachPart(took, func(after time.Duration) error {
		v, err := t.make()
		if err == nil {
			_, err = t.killed(after, v, t.null())
		}
		if err == nil {
			err = t.gone(v)
		}
		if err == nil {
			err = t.observes(seen)
		}
		return err
	})
}

func eachPart(took time.Duration, try func(after time.Duration) error) error {
	for part := range parts {
		if err := try(took * time.Duration(part) / parts); err != nil {
			return fmt.Errorf("killed at %d/%d of the time: %w", part, parts, err)
		}
	}
	return nil
}

// killed makes a change during which the plugin is killed, and then the same again with the same token to its end.
func (t *trial) killed(after time.Duration, before, wanted cty.Value) (cty.Value, error) {
	token := t.token()
	var killing sync.WaitGroup
	killing.Go(func() {
		time.Sleep(after)
		t.subject.Kill()
	})
	v, failed, broken := t.attempt(context.Background(), before, t.carry(before, wanted), token, false)
	killing.Wait()
	if broken != nil && v != cty.NilVal { // of what was cut off nothing is known
		return before, fmt.Errorf("from Apply: %w", broken)
	}
	if failed == nil {
		t.known = v // it was faster
	}
	v, err := t.apply(before, wanted, token, false)
	if err != nil {
		return v, fmt.Errorf("repeated: %w", err)
	}
	if wanted.IsNull() {
		return v, nil
	}
	return v, t.reads(v, v)
}
