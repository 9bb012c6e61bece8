//go:build unix

package router

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/token"
	"github.com/nsynapse/recipe/executor/unixsocket"
)

const (
	handTimeout = 10 * time.Second // for one router to take over from another
	descriptors = 64               // that go with one byte; the kernel takes at most 253
	serving     = "serving\n"
)

// inherited are the listeners of an elder, by what they are for.
type inherited struct {
	table     Table
	control   *net.UnixListener
	endpoints map[int]*net.TCPListener
	fronts    map[Front]*net.TCPListener
	elder     *elder
}

// lockStart lets one router start in dir at a time.
func lockStart(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the router's lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot take the router's lock: %w", err), f.Close())
	}
	return func() { f.Close() }, nil
}

// takeOver gets the listeners of the router that answers in dir; nil if none does.
func takeOver(dir string) (*inherited, error) {
	conn, err := unixsocket.Dial(context.Background(), filepath.Join(dir, socketName))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(handTimeout))
	got, err := receive(conn, dir, "handover", nil)
	if err == nil && got.control == nil {
		err = errors.New("it gave no control socket")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot take over from the router that runs: %w", err), conn.Close())
	}
	conn.SetDeadline(time.Time{})
	got.elder = &elder{conn: conn, encoder: json.NewEncoder(conn), decoder: json.NewDecoder(conn), ended: make(chan struct{})}
	return got, nil
}

// receive asks for listeners and makes them ours.
func receive(conn *net.UnixConn, dir, what string, body []byte) (*inherited, error) {
	h, fds, err := fetch(conn, dir, what, body)
	if err != nil {
		return nil, err
	}
	got := &inherited{table: h.Table, endpoints: map[int]*net.TCPListener{}, fronts: map[Front]*net.TCPListener{}}
	for i, fd := range fds {
		if err := got.add(h.Listeners[i], os.NewFile(uintptr(fd), "listener")); err != nil {
			closeAll(fds[i+1:])
			return nil, err
		}
	}
	return got, nil
}

// fetch asks for listeners, which come as descriptors, as many as are named.
func fetch(conn *net.UnixConn, dir, what string, body []byte) (h handed, fds []int, err error) {
	head := fmt.Sprintf("POST /%s HTTP/1.1\r\nHost: router\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n", what, token.Header(filepath.Join(dir, tokenName)), len(body))
	if _, err := conn.Write(append([]byte(head), body...)); err != nil {
		return h, nil, err
	}
	line, err := readLine(conn)
	if err != nil {
		return h, nil, err
	}
	if err := json.Unmarshal(line, &h); err != nil {
		return h, nil, fmt.Errorf("it says %.60q", line)
	}
	fds, err = readDescriptors(conn, len(h.Listeners))
	return h, fds, err
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// readLine reads to the end of a line and not further: what follows comes with descriptors.
func readLine(conn *net.UnixConn) ([]byte, error) {
	var line []byte
	for one := make([]byte, 1); ; {
		if _, err := io.ReadFull(conn, one); err != nil {
			return nil, err
		}
		if one[0] == '\n' {
			return line, nil
		}
		if line = append(line, one[0]); len(line) > tableLimit {
			return nil, errors.New("it says too much")
		}
	}
}

func readDescriptors(conn *net.UnixConn, n int) (fds []int, err error) {
	defer func() {
		if err != nil {
			closeAll(fds)
			fds = nil
		}
	}()
	for len(fds) < n {
		one, space := make([]byte, 1), make([]byte, unix.CmsgSpace(4*descriptors))
		_, got, _, _, err := conn.ReadMsgUnix(one, space)
		if err != nil {
			return fds, err
		}
		messages, err := unix.ParseSocketControlMessage(space[:got])
		if err != nil {
			return fds, err
		}
		before := len(fds)
		for _, m := range messages {
			some, err := unix.ParseUnixRights(&m)
			if err != nil {
				return fds, err
			}
			for _, fd := range some {
				unix.CloseOnExec(fd)
			}
			fds = append(fds, some...)
		}
		if len(fds) == before {
			return fds, errors.New("a listener got lost on the way")
		}
	}
	return fds, nil
}

func (i *inherited) add(h handle, f *os.File) error {
	l, err := net.FileListener(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	switch l := l.(type) {
	case *net.UnixListener:
		if h.Control {
			l.SetUnlinkOnClose(false)
			i.control = l
			return nil
		}
	case *net.TCPListener:
		if h.Front != (Front{}) {
			i.fronts[h.Front] = l
			return nil
		}
		if h.Port != 0 {
			i.endpoints[h.Port] = l
			return nil
		}
	}
	return errors.Join(errors.New("a listener is not what it is called"), l.Close())
}

// served tells the elder that it may stop accepting.
func (i *inherited) served() error {
	_, err := io.WriteString(i.elder.conn, serving)
	return err
}

// handover gives all listeners to the router that asks, and retires.
func (s *server) handover(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.mu.Lock() // no table changes from here on, unless the other one fails
	defer s.mu.Unlock()
	conn.SetDeadline(time.Now().Add(handTimeout))
	answers, err := s.give(conn.(*net.UnixConn))
	if err != nil || s.retired {
		conn.Close()
		return
	}
	conn.SetDeadline(time.Time{})
	s.retired = true
	s.plane.retire()
	s.toSuccessor = conn
	go s.serveSuccessor(conn, answers)
	close(s.successor)
}

// give sends the listeners and waits until they are served.
func (s *server) give(conn *net.UnixConn) (*bufio.Reader, error) {
	table, handles, raws := s.plane.hand()
	handles, raws = append(handles, handle{Control: true}), append(raws, s.control)
	if err := say(conn, handed{Table: table, Listeners: handles}); err != nil {
		return nil, err
	}
	if err := sendListeners(conn, raws); err != nil {
		return nil, err
	}
	answers := bufio.NewReader(conn)
	if said, err := answers.ReadString('\n'); err != nil || said != serving {
		return nil, errors.Join(err, fmt.Errorf("the new router says %.60q", strings.TrimSpace(said)))
	}
	return answers, nil
}

// say sends the line that goes before listeners.
func say(conn *net.UnixConn, h handed) error {
	line, err := json.Marshal(h)
	if err == nil {
		_, err = conn.Write(append(line, '\n'))
	}
	return err
}

func sendListeners(conn *net.UnixConn, listeners []syscall.Conn) error {
	for some := range slices.Chunk(listeners, descriptors) {
		if err := sendCopies(conn, some); err != nil {
			return err
		}
	}
	return nil
}

// sendCopies sends copies, which keeps the originals from being closed meanwhile.
func sendCopies(conn *net.UnixConn, listeners []syscall.Conn) error {
	var fds []int
	defer func() { closeAll(fds) }()
	for _, l := range listeners {
		raw, err := l.SyscallConn()
		if err != nil {
			return err
		}
		var fd int
		var errDup error
		err = raw.Control(func(old uintptr) { fd, errDup = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) })
		if err := errors.Join(err, errDup); err != nil {
			return err
		}
		fds = append(fds, fd)
	}
	return sendDescriptors(conn, fds)
}

func sendDescriptors(conn *net.UnixConn, fds []int) error {
	_, _, err := conn.WriteMsgUnix([]byte{0}, unix.UnixRights(fds...), nil)
	return err
}

// serveSuccessor answers the router that has taken over, until one of the two ends. When the other one ends first, for
// instance by being killed, this one goes on for the connections that it has.
func (s *server) serveSuccessor(conn net.Conn, answers *bufio.Reader) {
	defer conn.Close()
	decoder, encoder := json.NewDecoder(answers), json.NewEncoder(conn)
	for {
		var q askOld
		if decoder.Decode(&q) != nil {
			return
		}
		var answer oldSays
		if q.Table != nil && q.Table.check() == nil {
			s.plane.set(*q.Table)
			s.elders.ask(q)
		}
		if q.Count != "" {
			answer.Open = s.plane.upstreams.InFlight(q.Count) + s.elders.ask(q)
		}
		if encoder.Encode(answer) != nil {
			return
		}
	}
}
