package protocol

import (
	"bytes"
	"os"
	"path/filepath"
)

// WriteID replaces the id file in dir at once. It is not synced: after a power cut nobody runs, whatever it says.
func WriteID(dir string, id ID) error { return replace(filepath.Join(dir, IDFile), id.Encode()) }

func replace(path string, content []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// startingSize is the fixed size of what WriteStarting writes: nothing needs to be cut off, which costs a flush on
// some file systems.
const startingSize = 128

// WriteStarting notes in the lock that the shim named by id is about to start an app, whose number is not known yet.
// It is not synced, as WriteID.
func WriteStarting(lock *os.File, id ID) error {
	b := make([]byte, startingSize)
	copy(b, id.Encode())
	_, err := lock.WriteAt(b, 0)
	return err
}

// readStarting returns what WriteStarting noted.
func readStarting(dir string) (id ID, ok bool) {
	b, err := os.ReadFile(filepath.Join(dir, LockFile))
	if err != nil {
		return ID{}, false
	}
	return DecodeID(bytes.TrimRight(b, "\x00"))
}

// ReadID returns the id in dir, without the number of the app if that was not written yet; ok is false if there is
// none or it is of another boot.
func ReadID(dir string) (id ID, ok bool) {
	b, err := os.ReadFile(filepath.Join(dir, IDFile))
	if err == nil {
		id, ok = DecodeID(b)
	} else {
		id, ok = readStarting(dir)
	}
	if !ok {
		return ID{}, false
	}
	boot, err := BootID()
	return id, err == nil && boot == id.Boot
}

// ReadExit returns how the last run in dir ended; ok is false if it has not, or nobody knows.
func ReadExit(dir string) (e Exit, ok bool) { return readExit(filepath.Join(dir, ExitFile)) }

// WriteEnded notes how the app ended, which is then safe from the end of its shim. It is not synced, as WriteID.
func WriteEnded(dir string, e Exit) error { return replace(filepath.Join(dir, EndedFile), e.Encode()) }

// ReadEnded returns how the app of id ended; ok is false if it has not, or nobody knows.
func ReadEnded(dir string, id ID) (e Exit, ok bool) {
	e, ok = readExit(filepath.Join(dir, EndedFile))
	if !ok || e.PID != id.PID || e.Start != id.Start {
		return Exit{}, false
	}
	return e, true
}

func readExit(path string) (e Exit, ok bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Exit{}, false
	}
	return DecodeExit(b)
}
