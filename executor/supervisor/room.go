package supervisor

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
)

// roomSize is more than a start writes there: the order, the identities of shim and app, and how the app before ended, each in
// a block of its own.
const roomSize = 4 * 4096

// holdRoom takes the room of a start from the disk of dir until the file is closed. The file has a name for a moment only, so what
// is held goes with this process.
func holdRoom(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, "room")
	if err != nil {
		return nil, err
	}
	content := make([]byte, roomSize)
	_, _ = rand.Read(content) // it never fails; zeros have no room on a disk that compresses
	err = os.Remove(f.Name())
	if err == nil {
		_, err = f.Write(content)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Room fails if a process of the unit runs and the disk has no room to start another one.
func (s *Supervisor) Room(address string) error {
	u, err := s.unit(address)
	if err != nil {
		return err
	}
	if u.snapshot().PID == 0 {
		return nil
	}
	room, err := holdRoom(u.dir)
	if err != nil {
		return noRoom(err)
	}
	return room.Close()
}

func noRoom(err error) error {
	return fmt.Errorf("it was left as it is, for it could not be started again: %w", err)
}

// holdRoom keeps the room of the next start from now on, until the process has ended.
func (u *Unit) holdRoom() (err error) {
	if u.room != nil || u.process == nil || u.spec.Schedule != nil {
		return nil
	}
	if u.room, err = holdRoom(u.dir); err != nil {
		return noRoom(err)
	}
	return nil
}

// giveRoom is called when the process has ended.
func (u *Unit) giveRoom() {
	if u.room != nil {
		_ = u.room.Close() // nobody will read it
		u.room = nil
	}
}
