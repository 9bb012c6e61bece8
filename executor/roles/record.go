package roles

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/nsynapse/recipe/executor/disk"
)

// Record is what of a component's roles has to survive: one file, which is replaced whole.
//
//	recipe roles 1 <sha256 of the rest, hexadecimal>
//	{"token":8,"primaries":{"1":{"token":8,"told":true}}}
//
// The sum covers the second line with its end.
type Record struct {
	Token     uint64         `json:"token"`
	Primaries map[int]Holder `json:"primaries"`
}

const magic = "recipe roles 1 "

// ErrDamaged says that a file of roles is not what was written.
var ErrDamaged = errors.New("it is damaged")

// Save writes r to the file at path; it is durable when Save returns.
func Save(fsys disk.FS, path string, r Record) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("cannot write roles: %w", err)
	}
	body = append(body, '\n')
	if err := disk.WriteFile(fsys, path, append([]byte(magic+sum(body)+"\n"), body...), 0o600); err != nil {
		return fmt.Errorf("cannot write roles: %w", err)
	}
	return nil
}

// Load reads the file at path; a zero Record if there is none. Its error is ErrDamaged if a byte of it was changed.
func Load(fsys disk.FS, path string) (r Record, err error) {
	content, err := disk.ReadFile(fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("cannot read roles: %w", err)
	}
	head, body, _ := bytes.Cut(content, []byte("\n"))
	if string(head) != magic+sum(body) {
		return r, fmt.Errorf("cannot read the roles in %s: %w", path, ErrDamaged)
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return Record{}, fmt.Errorf("cannot read the roles in %s: %w", path, err)
	}
	return r, nil
}

func sum(body []byte) string {
	s := sha256.Sum256(body)
	return hex.EncodeToString(s[:])
}
