package shimmain

import (
	"bytes"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// A pump carries output from the FIFO to the log. The kernel keeps each byte until the pump has it in the log: tee
// looks at the bytes without taking them, they are appended, and only then read from the FIFO. What a killed shim
// had not yet carried is still there for the next.
type pump struct {
	fifo     int    // non-blocking, open for reading and writing: it never ends
	peek     [2]int // a pipe for the bytes that were looked at
	buffer   []byte
	position *os.File
	log      *logFile
}

func openPump(spec *protocol.Spec) (*pump, error) {
	fifo, err := openFIFO(spec)
	if err != nil {
		return nil, failedFile("open", protocol.FIFO, err)
	}
	p := &pump{fifo: fifo, buffer: make([]byte, 64<<10)}
	if err := unix.Pipe2(p.peek[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, failed("open a pipe", err)
	}
	if p.position, err = os.OpenFile(protocol.PositionFile, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, failedFile("open", protocol.PositionFile, err)
	}
	if p.log, err = openLog(spec.Log); err != nil {
		return nil, failedFile("open", protocol.LogFile, err)
	}
	// Should the shim itself crash, the trace of it goes the way of the app's output.
	if err := unix.Dup3(fifo, 2, unix.O_CLOEXEC); err != nil {
		return nil, failedFile("open", protocol.FIFO, err)
	}
	if spec.Rescued.PID == 0 {
		return p, p.settle()
	}
	return p, nil
}

// openFIFO keeps a FIFO that is there: it may hold the last words of an earlier run.
func openFIFO(spec *protocol.Spec) (int, error) {
	info, err := os.Lstat(protocol.FIFO)
	if err == nil && info.Mode().Type() != fs.ModeNamedPipe {
		if err := os.Remove(protocol.FIFO); err != nil {
			return -1, err
		}
	}
	fd, err := protocol.OpenFIFO(".")
	if err != nil {
		return -1, err
	}
	// An app may open its /dev/stdout again, which asks for rights on the FIFO.
	if c := credential(spec); c != nil {
		err = unix.Fchown(fd, int(c.Uid), int(c.Gid))
	}
	return fd, err
}

// carry moves output until wake is readable, and then what is left.
func (p *pump) carry(wake int) {
	fds := []unix.PollFd{{Fd: int32(p.fifo), Events: unix.POLLIN}, {Fd: int32(wake), Events: unix.POLLIN}}
	for fds[1].Revents == 0 {
		_, _ = unix.Poll(fds, -1)
		p.drain()
	}
	p.log.report()
}

// drain moves what is there now, or as much as came since it began: an app that never pauses must not keep the shim
// from noticing its end.
func (p *pump) drain() {
	for range 64 {
		n := p.look()
		if n == 0 {
			return
		}
		for rest := p.buffer[:n]; len(rest) > 0; {
			n := p.log.fit(rest)
			p.move(rest[:n])
			rest = rest[n:]
		}
	}
}

// look copies what is in the FIFO to the buffer without taking it, and returns how many bytes that are.
func (p *pump) look() int {
	n, err := unix.Tee(p.fifo, p.peek[1], len(p.buffer), unix.SPLICE_F_NONBLOCK)
	if err != nil || n <= 0 {
		return 0
	}
	have := 0
	for have < int(n) {
		k, err := unix.Read(p.peek[0], p.buffer[have:n])
		if err != nil && err != unix.EINTR {
			break
		}
		have += max(k, 0)
	}
	return have
}

// move appends one piece to the log and then takes it out of the FIFO.
func (p *pump) move(piece []byte) {
	p.note(protocol.Position{Base: p.log.size, Bytes: int64(len(piece))})
	p.log.append(piece)
	p.take(piece)
	p.note(protocol.Position{})
}

// take reads len(piece) bytes from the FIFO, which the piece is a copy of.
func (p *pump) take(piece []byte) {
	for len(piece) > 0 {
		n, err := unix.Read(p.fifo, piece)
		if err != nil && err != unix.EINTR {
			return
		}
		piece = piece[max(n, 0):]
	}
}

// note writes the position. It fails only on a disk that is full or broken, and then costs a doubled piece at most.
func (p *pump) note(position protocol.Position) {
	b := position.Encode()
	_, _ = unix.Pwrite(int(p.position.Fd()), b[:], 0)
}

// settle finishes the piece that a killed shim was moving. What it appended is at the end of the log; if the same
// bytes are also first in the FIFO, they were not taken yet.
func (p *pump) settle() error {
	var b [protocol.PositionSize]byte
	n, err := unix.Pread(int(p.position.Fd()), b[:], 0)
	if err != nil || n != len(b) {
		p.note(protocol.Position{})
		return nil
	}
	position := protocol.DecodePosition(b)
	appended := p.log.size - position.Base
	if position.Bytes <= 0 || appended <= 0 || appended > position.Bytes || appended > int64(len(p.buffer)) {
		p.note(protocol.Position{})
		return nil
	}
	written := make([]byte, appended)
	if n, err := unix.Pread(int(p.log.file.Fd()), written, position.Base); err != nil || n != len(written) {
		return failedFile("read", protocol.LogFile, err)
	}
	if have := p.look(); int64(have) >= appended && bytes.Equal(p.buffer[:appended], written) {
		p.take(written)
	}
	p.note(protocol.Position{})
	return nil
}
