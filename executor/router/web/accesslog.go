package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	logName    = "access.log"
	logSize    = 16 << 20 // bytes; a log that reaches them becomes access.log.1
	logFiles   = 4        // access.log.1 and so on that are kept
	logBuffer  = 64 << 10
	flushEvery = time.Second
)

// entry is a request in the log.
type entry struct {
	begin    time.Time
	took     time.Duration
	route    string
	client   string
	method   []byte
	host     []byte
	path     []byte // without a query, which may hold what is secret
	status   int
	bytes    int64 // of the answer's body
	upstream string
	secure   bool
	why      string // the client has no answer of the app, or only a part; "" if it has
}

// accessLog writes a JSON object a line for each request into a directory. Lines are written once a second, or when there are
// many. A log that somebody moves away or removes is begun anew. It is safe for concurrent use; on a nil one add does nothing.
type accessLog struct {
	path string

	mu      sync.Mutex
	buffer  []byte
	file    *os.File // nil when none is open
	at      os.FileInfo
	size    int64
	failed  error // why lines were lost, until one is written again
	lost    int   // lines, since the log was opened
	closed  bool
	stopped chan struct{}
}

func openLog(dir string) *accessLog {
	l := &accessLog{path: filepath.Join(dir, logName), stopped: make(chan struct{})}
	go l.run()
	return l
}

func (l *accessLog) run() {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.mu.Lock()
			l.flush()
			l.mu.Unlock()
		case <-l.stopped:
			return
		}
	}
}

func (l *accessLog) add(e *entry) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buffer = appendEntry(l.buffer, e)
	if len(l.buffer) >= logBuffer || l.closed {
		l.flush()
	}
	if l.closed { // the request began before
		l.drop()
	}
}

// problem says that lines are lost at present, and why; "" if none are.
func (l *accessLog) problem() string {
	if l == nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		return ""
	}
	return fmt.Sprintf("%d lines of the access log are lost: %s", l.lost, l.failed)
}

// appendEntry writes what encoding/json would, without its cost.
func appendEntry(b []byte, e *entry) []byte {
	b = append(b, `{"time":"`...)
	b = e.begin.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z07:00")
	b = append(b, `","route":`...)
	b = appendString(b, e.route)
	b = append(b, `,"client":`...)
	b = appendString(b, e.client)
	b = append(b, `,"method":`...)
	b = appendString(b, string(e.method))
	b = append(b, `,"host":`...)
	b = appendString(b, string(e.host))
	b = append(b, `,"path":`...)
	b = appendString(b, string(e.path))
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(e.status), 10)
	b = append(b, `,"bytes":`...)
	b = strconv.AppendInt(b, e.bytes, 10)
	b = append(b, `,"ms":`...)
	b = strconv.AppendFloat(b, float64(e.took.Microseconds())/1000, 'f', -1, 64)
	if e.upstream != "" {
		b = append(b, `,"upstream":`...)
		b = appendString(b, e.upstream)
	}
	if e.secure {
		b = append(b, `,"tls":true`...)
	}
	if e.why != "" {
		b = append(b, `,"error":`...)
		b = appendString(b, e.why)
	}
	return append(b, "}\n"...)
}

func appendString(b []byte, s string) []byte {
	for _, c := range []byte(s) {
		if c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			quoted, _ := json.Marshal(s) // a string has no errors
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// flush writes the buffer. Lines that cannot be written are lost, and requests do not wait for a full disk.
func (l *accessLog) flush() {
	if len(l.buffer) == 0 {
		return
	}
	n, err := l.write()
	l.failed = err
	l.lost += bytes.Count(l.buffer[n:], []byte{'\n'})
	l.buffer = l.buffer[:0]
}

// write returns how much of the buffer is in the file: whole lines.
func (l *accessLog) write() (n int, err error) {
	if l.file != nil {
		if now, err := os.Stat(l.path); err != nil || !os.SameFile(now, l.at) { // somebody else keeps it now
			l.drop()
		}
	}
	if l.file != nil && l.size+int64(len(l.buffer)) > logSize {
		if err := l.rotate(); err != nil {
			return 0, err
		}
	}
	if l.file == nil {
		if err := l.open(); err != nil {
			return 0, err
		}
	}
	n, err = l.file.Write(l.buffer)
	if whole := bytes.LastIndexByte(l.buffer[:n], '\n') + 1; whole < n && l.cut(n, whole) == nil {
		n = whole
	}
	l.size += int64(n)
	return n, err
}

// cut takes the end of a write back, of which whole bytes are whole lines, unless another router has written since.
func (l *accessLog) cut(written, whole int) error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != l.size+int64(written) {
		return errors.New("others write there, too")
	}
	return l.file.Truncate(l.size + int64(whole))
}

func (l *accessLog) open() error {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return fmt.Errorf("cannot make the directory of the access log: %w", err)
	}
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("cannot open the access log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.file, l.at, l.size = f, info, info.Size()
	return nil
}

// drop closes the file, if one is open.
func (l *accessLog) drop() {
	if l.file != nil {
		_ = l.file.Close() // its lines are written
		l.file = nil
	}
}

// rotate makes room: access.log becomes access.log.1, that access.log.2, and the last one goes.
func (l *accessLog) rotate() error {
	err := l.file.Close()
	l.file = nil
	for i := logFiles - 1; i > 0; i-- {
		_ = os.Rename(fmt.Sprintf("%s.%d", l.path, i), fmt.Sprintf("%s.%d", l.path, i+1)) // there may be fewer
	}
	return errors.Join(err, os.Rename(l.path, l.path+".1"))
}

func (l *accessLog) close() {
	if l == nil {
		return
	}
	close(l.stopped)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	l.drop()
	l.closed = true
}
