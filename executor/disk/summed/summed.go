// Package summed keeps a small file with the sum of what it holds, so that a changed byte is found out. It is no part of
// package disk, since that is linked into the shim, which stays small.
package summed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nsynapse/recipe/executor/disk"
)

// ErrDamaged says that a file is not what was written.
var ErrDamaged = errors.New("it is damaged")

// Write puts v as JSON at path, whole and durable as disk.WriteFile does, so that Read sees any change of a byte:
// a wrong digit is still good JSON. kind is one line that says what the file is.
//
//	<kind> <sha256 of the rest, hexadecimal>
//	{"token":8}
//
// The sum covers the second line with its end.
func Write(fsys disk.FS, path, kind string, v any) error {
	content, err := encode(kind, v)
	if err != nil {
		return err
	}
	return disk.WriteFile(fsys, path, content, 0o600)
}

// Replace is Write for what need not survive a power cut, and does not wait for the disk; see disk.ReplaceFile.
func Replace(fsys disk.FS, path, kind string, v any) error {
	content, err := encode(kind, v)
	if err != nil {
		return err
	}
	return disk.ReplaceFile(fsys, path, content, 0o600)
}

func encode(kind string, v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	body = append(body, '\n')
	return append([]byte(head(kind, body)+"\n"), body...), nil
}

// Read reads what Write wrote into v, which it leaves alone with an error: fs.ErrNotExist without a file,
// ErrDamaged when a byte of it was changed or it is of another kind.
func Read(fsys disk.FS, path, kind string, v any) error {
	content, err := disk.ReadFile(fsys, path)
	if err != nil {
		return err
	}
	first, body, _ := bytes.Cut(content, []byte("\n"))
	if string(first) != head(kind, body) {
		return fmt.Errorf("%s: %w", path, ErrDamaged)
	}
	return json.Unmarshal(body, v)
}

// head is the first line.
func head(kind string, body []byte) string {
	sum := sha256.Sum256(body)
	return kind + " " + hex.EncodeToString(sum[:])
}
