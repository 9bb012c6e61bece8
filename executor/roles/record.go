package roles

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/disk/summed"
)

// Record is what of a component's roles has to survive: one file, which is replaced whole.
//
//	recipe roles 1 <sha256 of the rest, hexadecimal>
//	{"token":8,"primaries":{"1":{"token":8,"told":true}}}
type Record struct {
	Token     uint64         `json:"token"`
	Primaries map[int]Holder `json:"primaries"`
}

// kind is what the file says that it is; see summed.Write.
const kind = "recipe roles 1"

// Save writes r to the file at path; it is durable when Save returns.
func Save(fsys disk.FS, path string, r Record) error {
	if err := summed.Write(fsys, path, kind, r); err != nil {
		return fmt.Errorf("cannot write roles: %w", err)
	}
	return nil
}

// Load reads the file at path; a zero Record if there is none. Its error is summed.ErrDamaged if a byte of it was changed.
func Load(fsys disk.FS, path string) (r Record, err error) {
	err = summed.Read(fsys, path, kind, &r)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Record{}, fmt.Errorf("cannot read roles: %w", err)
	}
	return r, nil
}
