package vault

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/journal"
)

// ErrWrongKey says that a vault was made with another key.
var ErrWrongKey = errors.New("it was made with another vault key")

// ErrOtherLineage says that a vault belongs to another state.
var ErrOtherLineage = errors.New("it belongs to another state")

const (
	magic      = "recipe vault 2"
	kindValues = "values"
	kindMark   = "mark"
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
	v := &Vault{journal: j, key: key, lineage: lineage, values: map[ID]string{}, young: map[ID]bool{}}
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
		read := v.readLater
		if i == 0 {
			read = v.readHead
		}
		if err := read(list); err != nil {
			return err
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
func (v *Vault) head() []string {
	return []string{magic, v.lineage, string(v.hashKey), strconv.Itoa(v.generation)}
}

// readHead reads the first entry.
func (v *Vault) readHead(list []string) (err error) {
	if len(list) < 4 || list[0] != magic || len(list[2]) != hashKeyLen {
		return errUnreadable
	}
	if list[1] != v.lineage {
		return fmt.Errorf("%w: lineage %q instead of %q", ErrOtherLineage, list[1], v.lineage)
	}
	v.hashKey = []byte(list[2])
	v.add(list[4:])
	v.generation, err = number(list[3])
	return err
}

// readLater reads one of the other entries.
func (v *Vault) readLater(list []string) (err error) {
	switch {
	case len(list) > 0 && list[0] == kindValues:
		v.add(list[1:])
	case len(list) == 2 && list[0] == kindMark:
		v.generation, err = number(list[1])
	default:
		err = errUnreadable
	}
	return err
}

func (v *Vault) add(values []string) {
	for _, value := range values {
		v.values[v.ID(value)] = value
	}
}
