package router

import (
	"errors"
	"io/fs"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/disk/summed"
)

// tableKind is what the file with the table says that it is; see summed.Write.
const tableKind = "recipe table 1"

// saveTable waits for no disk: after a power cut the agent has no table either, and makes one.
func saveTable(fsys disk.FS, path string, t Table) error {
	return summed.Replace(fsys, path, tableKind, t)
}

// loadTable returns the table on disk, or an empty one if none was saved.
func loadTable(fsys disk.FS, path string) (Table, error) {
	var t Table
	err := summed.Read(fsys, path, tableKind, &t)
	if errors.Is(err, fs.ErrNotExist) {
		return Table{}, nil
	}
	if err != nil {
		return Table{}, err
	}
	return t, t.check()
}
