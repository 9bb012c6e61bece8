package router

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

// tableFile is the table on disk. The sum is there because a wrong digit in an address is still good JSON.
type tableFile struct {
	Sum   string          `json:"sum"`
	Table json.RawMessage `json:"table"`
}

func saveTable(fsys disk.FS, path string, t Table) error {
	table, err := json.Marshal(t)
	if err != nil {
		return err
	}
	content, err := json.Marshal(tableFile{Sum: sum(table), Table: table})
	if err != nil {
		return err
	}
	return disk.WriteFile(fsys, path, content, 0o600)
}

// loadTable returns the table on disk, or an empty one if none was saved.
func loadTable(fsys disk.FS, path string) (Table, error) {
	content, err := disk.ReadFile(fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		return Table{}, nil
	}
	if err != nil {
		return Table{}, err
	}
	var file tableFile
	if err := json.Unmarshal(content, &file); err != nil {
		return Table{}, fmt.Errorf("%s is damaged: %w", path, err)
	}
	if sum(file.Table) != file.Sum {
		return Table{}, fmt.Errorf("%s is damaged: its sum is wrong", path)
	}
	var t Table
	if err := json.Unmarshal(file.Table, &t); err != nil {
		return Table{}, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return t, t.check()
}

func sum(table []byte) string {
	h := sha256.Sum256(bytes.TrimSpace(table))
	return hex.EncodeToString(h[:])
}
