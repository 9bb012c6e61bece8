package vault

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrOlder says that a vault or the state beside it was put back from an older copy. The error around it says which.
var ErrOlder = errors.New("older than")

// Mark notes durably that the generation of that number is about to be recorded in the state. Marks only grow: an older one
// changes nothing.
func (v *Vault) Mark(generation int) error {
	v.gate.Lock()
	defer v.gate.Unlock()
	if generation <= v.generation {
		return nil
	}
	entry, err := v.key.seal([]string{kindMark, strconv.Itoa(generation)})
	if err == nil {
		err = v.journal.Append(entry)
	}
	if err != nil {
		return fmt.Errorf("cannot mark the vault with generation %d: %w", generation, err)
	}
	v.generation = generation
	return nil
}

// Fits holds the mark against a state whose last ended generation is given, and in which a run is under way or not. The mark
// comes before the end of the run is recorded, so a crash between the two leaves it one ahead, with the run under way. The
// error wraps ErrOlder.
func (v *Vault) Fits(generation int, running bool) error {
	v.gate.RLock()
	defer v.gate.RUnlock()
	ahead := generation
	if running {
		ahead++
	}
	switch {
	case v.generation < generation:
		return fmt.Errorf("the vault is %w the state: it was last used for generation %d, and the state has %d", ErrOlder, v.generation, generation)
	case v.generation > ahead:
		return fmt.Errorf("the state is %w the vault: it has generation %d, and the vault was used for %d", ErrOlder, generation, v.generation)
	}
	return nil
}

// number reads a mark.
func number(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || strconv.Itoa(n) != text {
		return 0, errUnreadable
	}
	return n, nil
}
