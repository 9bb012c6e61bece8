package shimmain

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// Main runs the shim and returns the status for os.Exit: 0 if the app ran, whatever its own status, else 1. args is
// what follows the words that make the shim run, recipe-shim or `recipe shim`: nothing, or the control group that it is to
// join.
func Main(args []string) int {
	if len(args) > 0 && args[0] == limitsWord {
		return limitAndExecute(args[1:])
	}
	enter(args)
	// no_new_privs belongs to a thread, and the app inherits that of the thread which forks.
	runtime.LockOSThread()
	err := run(args)
	if err == nil {
		return 0
	}
	answer(failure(err))
	return 1
}

func run(args []string) error {
	// What needs no request is done before it comes, which may be a while: the shim of a start to come is there already.
	alone := standAlone()
	spec, err := readSpec()
	if err != nil {
		return err
	}
	if alone != nil {
		return alone
	}
	if err := os.Chdir(spec.Dir); err != nil {
		return failed("enter "+spec.Dir, err)
	}
	lock, taken, err := protocol.Lock(protocol.LockFile)
	if err != nil {
		return failed("lock "+spec.Dir, err)
	}
	if !taken {
		answer(protocol.Answer{Busy: true})
		return nil
	}
	defer lock.Close() // also keeps lock from being collected, which would give it up
	if !awaited() {
		return nil
	}
	return hold(spec, lock, args)
}

// awaited reports whether somebody waits for the answer. With the lock held that settles who starts the unit: whoever
// follows a user that has died looks at the lock after that death, so he either sees it held or this shim sees the death.
func awaited() bool {
	fds := []unix.PollFd{{Fd: protocol.AnswerFD}}
	_, err := unix.Poll(fds, 0)
	return err != nil || fds[0].Revents&unix.POLLERR == 0
}

// hold does everything that needs the lock.
func hold(spec *protocol.Spec, lock *os.File, args []string) error {
	if spec.Rescued.PID == 0 && appLives(spec.Dir) {
		answer(protocol.Answer{Busy: true})
		return nil
	}
	pump, err := openPump(spec)
	if err != nil {
		return err
	}
	if spec.Rescued.PID != 0 {
		return rescue(spec, pump)
	}
	return start(spec, pump, lock, args)
}

// readSpec reads the request, and leaves nothing on stdin.
func readSpec() (*protocol.Spec, error) {
	var content []byte
	buffer := make([]byte, 16<<10)
	for {
		n, err := unix.Read(0, buffer)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, failed("read the request", err)
		}
		if n == 0 {
			break
		}
		content = append(content, buffer[:n]...)
	}
	spec, err := protocol.DecodeSpec(content)
	if err != nil {
		return nil, failed("read the request: "+err.Error(), nil)
	}
	return spec, shut(0)
}

// standAlone cuts the ties to whoever started the shim.
func standAlone() error {
	// The error says that the shim leads a session already.
	_, _ = unix.Setsid()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return failed("become the reaper of the app's children", err)
	}
	if err := unix.CloseRange(protocol.AppFD+1, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return failed("close inherited files", err)
	}
	for _, fd := range []int{protocol.AnswerFD, protocol.AppFD} {
		unix.CloseOnExec(fd)
	}
	if err := shut(1); err != nil {
		return err
	}
	// A shim ends when its app does; a signal to everybody must not cost the last lines. The signals are caught and
	// not ignored: the app would inherit that.
	signal.Notify(make(chan os.Signal, 1), unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGPIPE,
		unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM)
	return nil
}

// shut puts /dev/null in the place of an inherited file.
func shut(fd int) error {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return failed("open /dev/null", err)
	}
	if err := unix.Dup3(null, fd, 0); err != nil {
		return failed("close inherited files", err)
	}
	return unix.Close(null)
}

// answer says a on the descriptor made for it, and closes that. Nobody may be there to listen any more.
func answer(a protocol.Answer) {
	_, _ = unix.Write(protocol.AnswerFD, a.Encode())
	_ = unix.Close(protocol.AnswerFD)
}

// A failedError is one thing that could not be done.
type failedError struct {
	what  string
	errno syscall.Errno // 0 if what says it all
}

func (e *failedError) Error() string { return e.what }

func failed(what string, err error) error {
	e := &failedError{what: what}
	if !errors.As(err, &e.errno) && err != nil {
		e.what += ": " + err.Error()
	}
	return e
}

// failedFile is failed of a file in the directory of the unit, where the shim stands. It gives the whole path: who reads it has to find the
// disk that is full.
func failedFile(what, file string, err error) error {
	if path, absErr := filepath.Abs(file); absErr == nil {
		file = path
	}
	return failed(what+" "+file, err)
}

// failure returns err as an answer.
func failure(err error) protocol.Answer {
	var e *failedError
	if errors.As(err, &e) {
		return protocol.Answer{What: e.what, Errno: e.errno}
	}
	return protocol.Answer{What: err.Error()}
}
