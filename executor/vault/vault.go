package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/nsynapse/recipe/executor/journal"
)

// Vault is an open vault. Its methods are safe for concurrent use.
type Vault struct {
	journal *journal.Journal
	key     Key
	lineage string
	hashKey []byte

	// gate is shared by those that append and held alone by those that compact: a snapshot taken while an entry is on
	// its way would replace the entry without holding it.
	gate       sync.RWMutex
	generation int // the mark

	mu     sync.RWMutex
	values map[ID]string // all that is durable
	young  map[ID]bool   // put since the last Keep
}

// ID returns the ID of a value, whether the vault has it or not.
func (v *Vault) ID(value string) ID {
	h := hmac.New(sha256.New, v.hashKey)
	h.Write([]byte(value))
	return ID(h.Sum(nil)[:len(ID{})])
}

// Put keeps the values, durably when it returns, all in one write; those that the vault has cost nothing. After an
// error some may be kept. All new values together must be smaller than journal.MaxPayload.
func (v *Vault) Put(values ...string) error {
	v.gate.RLock()
	defer v.gate.RUnlock()
	v.mark(values)
	added := v.missing(values)
	if len(added) == 0 {
		return nil
	}
	entry, err := v.key.seal(append([]string{kindValues}, slices.Collect(maps.Values(added))...))
	if err == nil {
		err = v.journal.Append(entry)
	}
	if err != nil {
		return fmt.Errorf("cannot keep secrets: %w", err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	maps.Copy(v.values, added)
	return nil
}

// mark notes that the values are wanted by somebody who may not have recorded it yet.
func (v *Vault) mark(values []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, value := range values {
		v.young[v.ID(value)] = true
	}
}

func (v *Vault) missing(values []string) map[ID]string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	missing := map[ID]string{}
	for _, value := range values {
		id := v.ID(value)
		if _, ok := v.values[id]; !ok {
			missing[id] = value
		}
	}
	return missing
}

// Get returns the value with the given ID in clear; false means that the vault does not have it.
func (v *Vault) Get(id ID) (string, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	value, ok := v.values[id]
	return value, ok
}

// Values lists all values in clear, in no order.
func (v *Vault) Values() []string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return slices.Collect(maps.Values(v.values))
}

// Keep forgets all values whose ID is not true in ids, except those that were put since the last Keep: a plan that was made
// meanwhile may be about to refer to them. After an error the others are gone from this Vault, but may be there again when
// it is opened the next time.
func (v *Vault) Keep(ids map[ID]bool) error {
	v.gate.Lock()
	defer v.gate.Unlock()
	v.mu.Lock()
	// Forgotten before it is tried: a Put of such a value must write it again, whatever is left on disk.
	maps.DeleteFunc(v.values, func(id ID, _ string) bool { return !ids[id] && !v.young[id] })
	clear(v.young)
	v.mu.Unlock()
	return v.compact()
}

// compact makes one entry of all values. Nobody else may write meanwhile.
func (v *Vault) compact() error {
	entry, err := v.key.seal(append(v.head(), slices.Collect(maps.Values(v.values))...))
	if err == nil {
		err = v.journal.Compact(entry)
	}
	if err != nil {
		return fmt.Errorf("cannot compact vault: %w", err)
	}
	return nil
}

// Err is why nothing more can be put, nil if it can: a vault that has failed has to be opened again.
func (v *Vault) Err() error { return v.journal.Err() }

// Close closes the vault's files. Values can still be read, but no longer be put.
func (v *Vault) Close() error { return v.journal.Close() }
