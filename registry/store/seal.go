package store

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// seal gives everything below dir the modes of the store: apps run as another user than the agent, so that everybody
// has to be able to read, and set-uid bits have no place here.
func seal(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o755)
		switch {
		case d.Type() == fs.ModeSymlink:
			return nil
		case d.IsDir():
		case d.Type().IsRegular():
			info, err := d.Info()
			if err != nil {
				return err
			}
			if !executable(info.Mode()) {
				mode = 0o644
			}
		default:
			return fmt.Errorf("%s is neither a file nor a directory nor a link", path)
		}
		return os.Chmod(path, mode)
	})
}

func executable(mode fs.FileMode) bool { return mode&0o111 != 0 }
