//go:build unix

package child

import (
	"os"
	"path/filepath"
	"syscall"
)

// errPipe is the standard error of a program: a named pipe beside its socket, so that who adopts the program hears it again. The
// program has both ends of it. So it is not killed by writing while nobody listens, what it writes then waits, and when there is too
// much of that the program does.
func errPipe(sockets string) (r, w *os.File, err error) {
	path := errPath(sockets)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, nil, &os.PathError{Op: "mkfifo", Path: path, Err: err}
	}
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CLOEXEC, 0) // not by os.OpenFile: programs do not expect one that does not block
	if err != nil {
		return nil, nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	w = os.NewFile(uintptr(fd), path)
	if r, err = openErr(sockets); err != nil {
		_ = w.Close()
		return nil, nil, err
	}
	return r, w, nil
}

// openErr opens the end to read from of the standard error of a program that runs. Its end is that of all who write.
func openErr(sockets string) (*os.File, error) {
	return os.OpenFile(errPath(sockets), os.O_RDONLY|syscall.O_NONBLOCK, 0) // it waits for nobody
}

func errPath(sockets string) string { return filepath.Join(sockets, "stderr") }
