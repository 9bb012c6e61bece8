package protocol

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// OpenFIFO opens the FIFO in dir, which it makes if there is none, without blocking, for reading and writing. It fails
// with ENXIO or what open(2) says if the path is taken by something else.
func OpenFIFO(dir string) (int, error) {
	path := filepath.Join(dir, FIFO)
	if err := unix.Mkfifo(path, 0o600); err != nil && err != unix.EEXIST {
		return -1, err
	}
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	var info unix.Stat_t
	if err = unix.Fstat(fd, &info); err == nil && info.Mode&unix.S_IFMT != unix.S_IFIFO {
		err = unix.ENXIO
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
