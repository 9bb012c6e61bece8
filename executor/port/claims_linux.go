package port

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// claimsFile is where the agents of a machine tell each other which ports they have handed out: each holds a lock on the
// byte whose offset is the port. The file stays empty.
const claimsFile = "/tmp/recipe-ports"

// claims are the locks of one Allotter. The kernel drops them with their process. Where the file cannot be had, nothing is
// claimed, and two agents may hand out one port; then the one whose process comes second is told.
type claims struct{ file *os.File }

func openClaims() claims {
	const flags = os.O_RDWR | unix.O_NOFOLLOW
	// Never created if it is there: in a directory like /tmp the kernel may refuse that for the file of another user.
	f, err := os.OpenFile(claimsFile, flags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = os.OpenFile(claimsFile, flags|os.O_CREATE|os.O_EXCL, 0o666); err == nil {
			_ = f.Chmod(0o666) // whatever the umask: others who cannot open it go without
		} else if errors.Is(err, fs.ErrExist) {
			f, err = os.OpenFile(claimsFile, flags, 0)
		}
	}
	if err != nil {
		return claims{}
	}
	return claims{f}
}

// take claims p; false if another Allotter has.
func (c claims) take(p int) bool { return c.lock(p, unix.F_WRLCK) == nil }

// drop gives up the claim of p, if there is one.
func (c claims) drop(p int) { _ = c.lock(p, unix.F_UNLCK) }

func (c claims) lock(p int, kind int16) error {
	if c.file == nil || p == 0 {
		return nil
	}
	err := unix.FcntlFlock(c.file.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: kind, Start: int64(p), Len: 1})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return err
	}
	return nil // no such locks here
}
