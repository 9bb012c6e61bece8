package shimmain

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// A logFile is the current log and its predecessors.
type logFile struct {
	limit    protocol.Log
	file     *os.File // nil if it could not be opened after a rotation
	size     int64
	lineEnds bool          // the last byte written ended a line
	lost     int64         // bytes that could not be written, of the whole run
	unsaid   int64         // those of them that the log does not mention yet
	why      syscall.Errno // of the last loss
}

func openLog(limit protocol.Log) (*logFile, error) {
	if limit.MaxBytes <= 0 {
		limit.MaxBytes = 10 << 20
	}
	if limit.Files <= 0 {
		limit.Files = 5
	}
	l := &logFile{limit: limit}
	return l, l.open()
}

func (l *logFile) open() (err error) {
	// Reading is for settle.
	l.file, err = os.OpenFile(protocol.LogFile, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if l.size, err = l.file.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	l.lineEnds = true
	if l.size > 0 {
		last := make([]byte, 1)
		_, err = l.file.ReadAt(last, l.size-1)
		l.lineEnds = last[0] == '\n'
	}
	return err
}

// fit returns how many of the bytes go into the current file, at least one, after making room for them. A file ends
// with a line wherever lines are shorter than a file.
func (l *logFile) fit(b []byte) int {
	room := l.limit.MaxBytes - l.size
	if int64(len(b)) <= room {
		return len(b)
	}
	if room > 0 {
		if end := bytes.LastIndexByte(b[:room], '\n'); end >= 0 {
			return end + 1
		}
		if !l.lineEnds {
			return int(room)
		}
	}
	if l.size > 0 {
		l.rotate()
	}
	if room = l.limit.MaxBytes; int64(len(b)) <= room {
		return len(b)
	}
	if end := bytes.LastIndexByte(b[:room], '\n'); end >= 0 {
		return end + 1
	}
	return int(room)
}

// rotate makes log.1 of log, log.2 of log.1 and so on up to a number that is free, and begins a new log. If it fails the old one
// grows on. One that is killed leaves a number free, which the next one fills.
func (l *logFile) rotate() {
	for n := l.free(); n > 0; n-- {
		_ = os.Rename(logName(n-1), logName(n))
	}
	if l.limit.Files == 1 {
		_ = os.Remove(protocol.LogFile)
	}
	old := *l
	if err := l.open(); err != nil {
		*l = old
		return
	}
	_ = old.file.Close()
}

// free is the first number that no older log has, or the last that one may have.
func (l *logFile) free() int {
	for n := 1; n < l.limit.Files-1; n++ {
		if _, err := os.Lstat(logName(n)); errors.Is(err, fs.ErrNotExist) {
			return n
		}
	}
	return l.limit.Files - 1
}

// logName is the name of the log that is number files old.
func logName(number int) string {
	if number == 0 {
		return protocol.LogFile
	}
	return protocol.LogFile + "." + strconv.Itoa(number)
}

// append writes one piece. What cannot be written is counted and dropped: the app must never wait for a disk.
func (l *logFile) append(b []byte) {
	if l.unsaid > 0 && !l.report() {
		l.drop(len(b), l.why)
		return
	}
	n, err := l.write(b)
	if n < len(b) {
		l.drop(len(b)-n, err)
	}
}

func (l *logFile) write(b []byte) (done int, err error) {
	for done < len(b) {
		n, err := unix.Write(int(l.file.Fd()), b[done:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return done, err
		}
		done += n
		l.size += int64(n)
		l.lineEnds = b[done-1] == '\n'
	}
	return done, nil
}

func (l *logFile) drop(n int, err error) {
	l.lost += int64(n)
	l.unsaid += int64(n)
	if errno, ok := err.(syscall.Errno); ok {
		l.why = errno
	}
}

// report writes a line about dropped output, if there was any, and returns whether the log can be written. The line
// is written whole or not at all, so that a disk with a little room does not fill up with the beginnings of it.
func (l *logFile) report() bool {
	if l.unsaid == 0 {
		return true
	}
	line := "recipe: " + strconv.FormatInt(l.unsaid, 10) + " bytes of output dropped: " + l.why.Error() + "\n"
	if !l.lineEnds {
		line = "\n" + line
	}
	before := *l
	if n, err := l.write([]byte(line)); err != nil {
		if n > 0 && l.file.Truncate(before.size) == nil {
			*l = before
		}
		return false
	}
	l.unsaid = 0
	return true
}
