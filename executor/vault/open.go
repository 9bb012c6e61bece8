package vault

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/journal"
)

// ErrWrongKey says that a vault was made with another key.
var ErrWrongKey = errors.New("it was made with another vault key")

// ErrOtherLineage says that a vault belongs to another state.
var ErrOtherLineage = errors.New("it belongs to another state")

const (
	magic      = "recipe vault 1"
	hashKeyLen = 32

	// foldAfter is how many entries a vault may have before Open makes one of them: each costs 0.1 ms to decrypt.
	foldAfter = 256
)

// Open opens the vault in a directory, or makes it, for the state with the given lineage. Besides the errors above it
// returns those of journal.Open.
func Open(fsys disk.FS, dir string, key Key, lineage string) (*Vault, error) {
	v, err := open(fsys, dir, key, lineage)
	if err != nil {
		return nil, fmt.Errorf("cannot open vault %s: %w", dir, err)
	}
	return v, nil
}

func open(fsys disk.FS, dir string, key Key, lineage string) (*Vault, error) {
	j, r, err := journal.Open(fsys, dir)
	if err != nil {
		return nil, err
	}
	v := &Vault{journal: j, key: key, lineage: lineage, values: map[ID]string{}}
	if err := v.load(r); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return v, nil
}

func (v *Vault) load(r *journal.Recovered) error {
	entries := r.Records
	if r.Snapshot != nil {
		entries = append([][]byte{r.Snapshot}, entries...)
	}
	if len(entries) == 0 {
		return v.create()
	}
	for i, entry := range entries {
		list, err := v.key.open(entry)
		if err != nil {
			return err
		}
		if i == 0 {
			if list, err = v.readHead(list); err != nil {
				return err
			}
		}
		for _, value := range list {
			v.values[v.ID(value)] = value
		}
	}
	if len(entries) > foldAfter {
		return v.compact()
	}
	return nil
}

func (v *Vault) create() error {
	hashKey := make([]byte, hashKeyLen)
	rand.Read(hashKey) // never fails
	v.hashKey = hashKey
	entry, err := v.key.seal(v.head())
	if err != nil {
		return err
	}
	return v.journal.Append(entry)
}

// head is what the first entry begins with.
func (v *Vault) head() []string { return []string{magic, v.lineage, string(v.hashKey)} }

// readHead checks the first entry and returns the values that follow its head.
func (v *Vault) readHead(list []string) ([]string, error) {
	if len(list) < 3 || list[0] != magic || len(list[2]) != hashKeyLen {
		return nil, errUnreadable
	}
	if list[1] != v.lineage {
		return nil, fmt.Errorf("%w: lineage %q instead of %q", ErrOtherLineage, list[1], v.lineage)
	}
	v.hashKey = []byte(list[2])
	return list[3:], nil
}
