package shimmain

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// Resource limits belong to a process. Set in the shim they would bind the shim, and set from outside they would come
// after the app's first steps. An app with limits is therefore started by way of the shim's own program, which sets
// them in the new process and then executes the app in its place:
//
//	shim limits RESOURCE:SOFT:HARD,... PATH ARGV...
const limitsWord = "limits"

// reportFD is where limitAndExecute says why it failed; it closes by itself when the app is executed.
const reportFD = 3

// launchLimited is ForkExec with limits. args is what this shim was given.
func launchLimited(spec *protocol.Spec, path string, attr *syscall.ProcAttr, args []string) (int, error) {
	var report [2]int
	if err := unix.Pipe2(report[:], unix.O_CLOEXEC); err != nil {
		return 0, failed("open a pipe", err)
	}
	defer unix.Close(report[0])
	attr.Files = append(attr.Files, uintptr(report[1]))
	argv := append(os.Args[:len(os.Args)-len(args):len(os.Args)-len(args)], limitsWord, formatLimits(spec.Limits), path)
	argv = append(argv, spec.Command...)
	pid, err := syscall.ForkExec("/proc/self/exe", argv, attr)
	_ = unix.Close(report[1])
	if err != nil {
		return 0, launchError(spec, path, err)
	}
	if err := readReport(report[0]); err != nil {
		_, _ = unix.Wait4(pid, nil, 0, nil)
		return 0, err
	}
	return pid, nil
}

func readReport(fd int) error {
	buffer := make([]byte, 4096)
	for {
		n, err := unix.Read(fd, buffer)
		if err == unix.EINTR {
			continue
		}
		if n <= 0 {
			return nil // closed by exec
		}
		a, ok := protocol.DecodeAnswer(buffer[:n])
		if !ok {
			return failed("set limits", nil)
		}
		return &failedError{what: a.What, errno: a.Errno}
	}
}

func formatLimits(limits []protocol.Limit) string {
	var texts []string
	for _, l := range limits {
		texts = append(texts, strconv.Itoa(l.Resource)+":"+strconv.FormatUint(l.Soft, 10)+":"+strconv.FormatUint(l.Hard, 10))
	}
	return strings.Join(texts, ",")
}

func parseLimit(text string) (resource int, limit syscall.Rlimit, err error) {
	words := strings.Split(text, ":")
	if len(words) != 3 {
		return 0, limit, strconv.ErrSyntax
	}
	if resource, err = strconv.Atoi(words[0]); err != nil {
		return 0, limit, err
	}
	if limit.Cur, err = strconv.ParseUint(words[1], 10, 64); err != nil {
		return 0, limit, err
	}
	limit.Max, err = strconv.ParseUint(words[2], 10, 64)
	return resource, limit, err
}

// limitAndExecute becomes the app. It returns only when that fails.
func limitAndExecute(args []string) int {
	unix.CloseOnExec(reportFD)
	if len(args) < 3 {
		return report("set limits", nil)
	}
	path, err := unix.BytePtrFromString(args[1])
	if err != nil {
		return report("execute "+args[1], err)
	}
	argv, err := syscall.SlicePtrFromStrings(args[2:])
	if err != nil {
		return report("execute "+args[1], err)
	}
	envv, err := syscall.SlicePtrFromStrings(os.Environ())
	if err != nil {
		return report("execute "+args[1], err)
	}
	for text := range strings.SplitSeq(args[0], ",") {
		resource, limit, err := parseLimit(text)
		if err == nil {
			err = syscall.Setrlimit(resource, &limit)
		}
		if err != nil && resource == unix.RLIMIT_NOFILE {
			return report("allow "+strconv.FormatUint(limit.Cur, 10)+" open files, more than this user may have", err)
		}
		if err != nil {
			return report("set the limit "+text, err)
		}
	}
	// Nothing is allocated from here on: the app's memory limit may be below what a Go program needs.
	_, _, errno := syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(path)),
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envv[0])))
	return report("execute "+args[1], errno)
}

func report(what string, err error) int {
	_, _ = unix.Write(reportFD, failure(failed(what, err)).Encode())
	return 127
}
