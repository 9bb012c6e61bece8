package protocol

import (
	"os"
	"path/filepath"
)

// WriteID replaces the id file in dir at once. It is not synced: after a power cut nobody runs, whatever it says.
func WriteID(dir string, id ID) error {
	path := filepath.Join(dir, IDFile)
	temporary := path + ".new"
	if err := os.WriteFile(temporary, id.Encode(), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// ReadID returns the id in dir; ok is false if there is none or it is of another boot.
func ReadID(dir string) (id ID, ok bool) {
	b, err := os.ReadFile(filepath.Join(dir, IDFile))
	if err != nil {
		return ID{}, false
	}
	id, ok = DecodeID(b)
	if !ok {
		return ID{}, false
	}
	boot, err := BootID()
	return id, err == nil && boot == id.Boot
}

// ReadExit returns how the last run in dir ended; ok is false if it has not, or nobody knows.
func ReadExit(dir string) (e Exit, ok bool) {
	b, err := os.ReadFile(filepath.Join(dir, ExitFile))
	if err != nil {
		return Exit{}, false
	}
	return DecodeExit(b)
}
