package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-plugin/runner"
)

// process is the program of a plugin, in a process group of its own. go-plugin reads its line and its standard error.
type process struct {
	cmd     *exec.Cmd
	sockets string // the directory in which it makes its socket
	socket  string // the path of its socket, "" until it has said so
	out     *os.File
	err     *os.File
	ours    []io.Closer   // the ends that it writes to, until it has them
	ended   chan struct{} // closed after its end
	how     error         // its end; set before ended is closed
	inTime  chan struct{} // closed when it has started
	fate    atomic.Int32  // isStarting until it has started or was killed for being late
	waited  time.Duration // for one that is late; set before fate is
}

// What becomes of a process that starts.
const (
	isStarting = iota
	isStarted
	isLate
)

var _ runner.Runner = (*process)(nil)

// newProcess prepares a process that is not started yet.
func newProcess(cmd *exec.Cmd, sockets string) (*process, error) {
	p := &process{cmd: cmd, sockets: sockets, ended: make(chan struct{}), inTime: make(chan struct{})}
	cmd.Stdin = nil
	ownGroup(cmd)
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.out, cmd.Stdout, p.ours = r, w, []io.Closer{w}
	if r, w, err = errPipe(sockets); err != nil {
		return nil, errors.Join(err, p.closePipes())
	}
	p.err, cmd.Stderr, p.ours = r, w, append(p.ours, w)
	return p, nil
}

// lastWords is how long after the end of a program what it has written is still read.
const lastWords = 100 * time.Millisecond

func (p *process) closePipes() error {
	var errs []error
	for _, c := range p.ours {
		errs = append(errs, c.Close())
	}
	p.ours = nil
	for _, f := range []*os.File{p.out, p.err} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// Start implements runner.Runner. What is not told to be ready in time is killed.
func (p *process) Start(context.Context) error {
	if err := p.cmd.Start(); err != nil {
		return errors.Join(err, p.closePipes())
	}
	for _, c := range p.ours {
		_ = c.Close() // it has its own
	}
	go p.reap()
	go p.bound()
	return nil
}

// ready says that it has started, and reports whether that was in time.
func (p *process) ready() bool {
	if !p.fate.CompareAndSwap(isStarting, isStarted) {
		return false
	}
	close(p.inTime)
	return true
}

// bound kills a process that is not ready in time. One that has something to do gets that time some times over: the machine is busy,
// and it would be no faster in the next attempt.
func (p *process) bound() {
	for p.waited < startPatience || p.waited < mostPatience && working(p.cmd.Process.Pid) {
		select {
		case <-p.inTime:
			return
		case <-p.ended:
			return
		case <-time.After(startPatience):
			p.waited += startPatience
		}
	}
	if p.fate.CompareAndSwap(isStarting, isLate) {
		_ = p.Kill(context.Background())
	}
}

// reap waits for the end of the process, and ends what it has left in its group. Something that left the group may hold the
// pipes open; nobody waits for that.
func (p *process) reap() {
	err := p.cmd.Wait()
	_ = killGroup(p.cmd.Process.Pid) // most often there is nobody left
	p.how = endOf(err)
	close(p.ended)
	time.Sleep(lastWords)
	_ = p.out.Close()
	_ = p.err.Close()
}

// endOf says how a process ended.
func endOf(err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return errors.New("its process ended by itself, with exit code 0")
	case errors.As(err, &exit):
		return fmt.Errorf("its process ended: %s", exit.ProcessState)
	}
	return fmt.Errorf("its process ended: %w", err)
}

// Wait implements runner.Runner.
func (p *process) Wait(context.Context) error {
	<-p.ended
	return p.how
}

// Kill implements runner.Runner. It returns after the end.
func (p *process) Kill(context.Context) error {
	if p.cmd.Process == nil {
		return nil
	}
	select {
	case <-p.ended:
		return nil
	default:
	}
	err := killGroup(p.cmd.Process.Pid)
	<-p.ended
	return err
}

// Stdout implements runner.Runner.
func (p *process) Stdout() io.ReadCloser { return p.out }

// Stderr implements runner.Runner.
func (p *process) Stderr() io.ReadCloser { return p.err }

// Name implements runner.Runner.
func (p *process) Name() string { return p.cmd.Path }

// ID implements runner.Runner. It is empty before the start.
func (p *process) ID() string {
	if p.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// Diagnose implements runner.Runner. What is known is said by whoever has started it.
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost implements runner.AddrTranslator. A plugin may only name a socket of its own: we would talk to whatever is at
// the other end.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	if runtime.GOOS == "windows" && network == "tcp" {
		return network, address, nil // the certificates say that it is the plugin
	}
	if network != "unix" || filepath.Dir(filepath.Clean(address)) != filepath.Clean(p.sockets) {
		return "", "", fmt.Errorf("it offers the address %s %q, and not a unix socket in the directory that PLUGIN_UNIX_SOCKET_DIR names", network, address)
	}
	p.socket = address
	return network, address, nil
}

// HostToPlugin implements runner.AddrTranslator.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
