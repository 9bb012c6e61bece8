package disk

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrDamaged says that a file is not what was written.
var ErrDamaged = errors.New("it is damaged")

// WriteSummed puts v as JSON at path, whole and durable as WriteFile does, so that ReadSummed sees any change of a byte:
// a wrong digit is still good JSON. kind is one line that says what the file is.
//
//	<kind> <sha256 of the rest, hexadecimal>
//	{"token":8}
//
// The sum covers the second line with its end.
func WriteSummed(fsys FS, path, kind string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	body = append(body, '\n')
	return WriteFile(fsys, path, append([]byte(summed(kind, body)+"\n"), body...), 0o600)
}

// ReadSummed reads what WriteSummed wrote into v, which it leaves alone with an error: fs.ErrNotExist without a file,
// ErrDamaged when a byte of it was changed or it is of another kind.
func ReadSummed(fsys FS, path, kind string, v any) error {
	content, err := ReadFile(fsys, path)
	if err != nil {
		return err
	}
	head, body, _ := bytes.Cut(content, []byte("\n"))
	if string(head) != summed(kind, body) {
		return fmt.Errorf("%s: %w", path, ErrDamaged)
	}
	return json.Unmarshal(body, v)
}

// summed is the first line.
func summed(kind string, body []byte) string {
	sum := sha256.Sum256(body)
	return kind + " " + hex.EncodeToString(sum[:])
}
