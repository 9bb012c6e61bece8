package shimmain

import (
	"bytes"
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// launch starts the app with the FIFO as stdout and stderr and returns its number.
func launch(spec *protocol.Spec, fifo int, args []string) (int, error) {
	if len(spec.Command) == 0 {
		return 0, failed("execute an empty command", nil)
	}
	path, err := lookUp(spec.Command[0], spec.Env)
	if err != nil {
		return 0, err
	}
	files, err := openFiles(fifo)
	if err != nil {
		return 0, err
	}
	defer closeAll(files)
	if !spec.NewPrivileges {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return 0, failed("give up new privileges", err)
		}
	}
	attr := &syscall.ProcAttr{
		Dir:   spec.WorkDir,
		Env:   append(spec.Env[:len(spec.Env):len(spec.Env)], protocol.Marker+"="+spec.Dir),
		Files: files,
		Sys:   &syscall.SysProcAttr{Setpgid: true, Credential: credential(spec)},
	}
	if attr.Dir == "" {
		attr.Dir = "/"
	}
	group, err := join(spec.Cgroups, attr.Sys)
	if group != nil {
		defer group.Close()
	}
	if err != nil {
		return 0, err
	}
	if err := confine(spec, path); err != nil {
		return 0, err
	}
	if len(spec.Limits) > 0 {
		return launchLimited(spec, path, attr, args)
	}
	pid, err := syscall.ForkExec(path, spec.Command, attr)
	if err != nil {
		return 0, launchError(spec, path, err)
	}
	return pid, nil
}

// launchError says which of the steps between fork and exec failed, and why; the kernel does not.
func launchError(spec *protocol.Spec, path string, err error) error {
	if info, statErr := os.Stat(spec.WorkDir); spec.WorkDir != "" && (statErr != nil || !info.IsDir()) {
		return failed("enter the working directory "+spec.WorkDir, cmp.Or(statErr, error(syscall.ENOTDIR)))
	}
	return failed("execute "+path+cause(inDirectory(spec.WorkDir, path), err), err)
}

// inDirectory is where a relative program is, which the app's directory decides and not that of the shim.
func inDirectory(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// cause is what about the file keeps the kernel from executing it, in brackets; "" when the error says it all.
func cause(path string, err error) string {
	info, statErr := os.Stat(path)
	if statErr != nil {
		return ""
	}
	switch {
	case errors.Is(err, unix.ENOENT) && endsInReturn(path):
		return " (its first line ends in CR LF; save it with LF alone)"
	case errors.Is(err, unix.ENOENT):
		return " (its interpreter is missing)"
	case errors.Is(err, unix.EACCES) && info.IsDir():
		return " (it is a directory)"
	case errors.Is(err, unix.EACCES) && info.Mode()&0o111 == 0:
		return " (it is not executable: chmod +x)"
	case errors.Is(err, unix.ENOEXEC):
		return " (it is no program of this machine, and a script begins with a line such as #!/bin/sh)"
	}
	return ""
}

// endsInReturn reports whether the line that names the interpreter of a script ends as on Windows.
func endsInReturn(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	begin := make([]byte, 256)
	n, _ := f.Read(begin)
	line, _, _ := bytes.Cut(begin[:n], []byte("\n"))
	return bytes.HasPrefix(line, []byte("#!")) && bytes.HasSuffix(line, []byte("\r"))
}

// openFiles returns stdin, stdout and stderr of the app. The app's end of the FIFO is a file of its own, blocking, and
// open for reading too: with the shim gone, writing must not fail for want of a reader.
func openFiles(fifo int) ([]uintptr, error) {
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, failed("open /dev/null", err)
	}
	out, err := unix.Open(protocol.FIFO, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		_ = unix.Close(null)
		return nil, failedFile("open", protocol.FIFO, err)
	}
	return []uintptr{uintptr(null), uintptr(out), uintptr(out)}, nil
}

func closeAll(files []uintptr) {
	_ = unix.Close(int(files[0]))
	_ = unix.Close(int(files[1]))
}

// credential returns who the app runs as; nil leaves that as it is, which is all that an ordinary user may ask for.
func credential(spec *protocol.Spec) *syscall.Credential {
	if spec.UID < 0 && spec.GID < 0 {
		return nil
	}
	uid, gid := or(spec.UID, os.Getuid()), or(spec.GID, os.Getgid())
	if os.Geteuid() != 0 && uid == os.Getuid() && gid == os.Getgid() {
		return nil
	}
	c := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	for _, g := range spec.Groups {
		c.Groups = append(c.Groups, uint32(g))
	}
	return c
}

func or(id, otherwise int) int {
	if id < 0 {
		return otherwise
	}
	return id
}

// lookUp finds a program without a slash in the PATH of env, as a shell started with env would.
func lookUp(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := "/usr/local/bin:/usr/bin:/bin"
	for _, variable := range env {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	for dir := range strings.SplitSeq(path, ":") {
		if !strings.HasPrefix(dir, "/") {
			continue // a relative directory would depend on where the shim stands
		}
		file := dir + "/" + name
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	what := "find the program " + name + " in the PATH " + path
	if program, _, more := strings.Cut(name, " "); more {
		what = "find a program that is called " + strconv.Quote(name) + ": a command lists the program and each argument for itself, [" + strconv.Quote(program) + ", …]"
	}
	return "", failed(what, syscall.ENOENT)
}
