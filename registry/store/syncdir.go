package store

import (
	"errors"
	"os"
	"runtime"
)

// syncDir makes the entries of a directory durable. Windows has no such call and does it by itself.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
