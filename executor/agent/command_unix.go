//go:build unix

package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/nsynapse/recipe/executor/check"
	"github.com/nsynapse/recipe/executor/landlock"
	"github.com/nsynapse/recipe/executor/supervisor"
)

// runCommand takes the client's files from conn, runs the command with them to its end and returns how that was. The command
// is ended when the client goes or ctx ends.
func runCommand(ctx context.Context, conn net.Conn, command []string, spec supervisor.Spec) CommandLine {
	files, err := receiveFiles(conn)
	defer closeAll(files)
	if err != nil {
		return CommandLine{Error: err.Error()}
	}
	cmd, err := commandLike(spec, command, files)
	if err == nil {
		err = spec.Sandbox.Open().With(landlock.Program(cmd.Path, spec.WorkDir)).Run(cmd.Start)
	}
	if err != nil {
		return CommandLine{Error: fmt.Sprintf("cannot run %s: %s", command[0], startReason(err))}
	}
	closeAll(files)
	_ = json.NewEncoder(conn).Encode(CommandLine{PID: cmd.Process.Pid}) // whether the client is there shows below
	ended := make(chan struct{})
	gone := make(chan struct{})
	go func() {
		passSignals(conn, cmd.Process.Pid)
		close(gone)
	}()
	go endWithClient(ctx, cmd.Process.Pid, gone, ended)
	err = cmd.Wait()
	close(ended)
	return CommandLine{Ended: endOf(cmd, err)}
}

// commandLike is a command with all that a process of the spec has, and the files.
func commandLike(spec supervisor.Spec, command []string, files []*os.File) (*exec.Cmd, error) {
	path, ok := check.Program(command[0], spec.Env)
	if !ok {
		return nil, errors.New("it is not in the PATH of the process")
	}
	cmd := &exec.Cmd{Path: path, Args: command, Env: append([]string{}, spec.Env...), Dir: spec.WorkDir, Stdin: files[0], Stdout: files[1], Stderr: files[2]}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if spec.UID >= 0 && spec.UID != os.Geteuid() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(spec.UID), Gid: uint32(spec.GID)}
	}
	return cmd, nil
}

// startReason is an error without the frame that os/exec puts around it.
func startReason(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// receiveFiles takes three descriptors.
func receiveFiles(conn net.Conn) ([]*os.File, error) {
	c, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.New("internal error: not a unix socket")
	}
	control := make([]byte, syscall.CmsgSpace(3*4))
	if err := c.SetReadDeadline(time.Now().Add(commandGrace)); err != nil {
		return nil, err
	}
	_, n, _, _, err := c.ReadMsgUnix(make([]byte, 1), control)
	if err == nil {
		err = c.SetReadDeadline(time.Time{})
	}
	if err != nil {
		return nil, fmt.Errorf("the client has not handed over its files: %w", err)
	}
	messages, err := syscall.ParseSocketControlMessage(control[:n])
	if err != nil || len(messages) != 1 {
		return nil, errors.New("the client has not handed over its files")
	}
	numbers, err := syscall.ParseUnixRights(&messages[0])
	var files []*os.File
	for i, fd := range numbers {
		syscall.CloseOnExec(fd)
		files = append(files, os.NewFile(uintptr(fd), [...]string{"stdin", "stdout", "stderr"}[i%3]))
	}
	if err != nil || len(files) != 3 {
		return files, errors.New("the client has not handed over three files")
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// passSignals passes on what the client gets, until that goes.
func passSignals(conn net.Conn, pid int) {
	decoder := json.NewDecoder(io.LimitReader(bufio.NewReader(conn), 1<<20))
	for {
		var s commandSignal
		if decoder.Decode(&s) != nil {
			return
		}
		if s.Signal > 0 && s.Signal < 65 {
			_ = syscall.Kill(-pid, syscall.Signal(s.Signal)) // it may have ended
		}
	}
}

// endWithClient ends the command, first gently, when its client has gone or the agent ends.
func endWithClient(ctx context.Context, pid int, gone, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-gone:
	case <-ctx.Done():
	}
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		_ = syscall.Kill(-pid, s)
	}
	select {
	case <-ended:
	case <-time.After(commandGrace):
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}

// endOf is how the command ended; err is that of Wait.
func endOf(cmd *exec.Cmd, err error) *CommandEnded {
	if cmd.ProcessState == nil {
		return &CommandEnded{Code: 255, Signal: fmt.Sprint(err)}
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return &CommandEnded{Code: 128 + int(status.Signal()), Signal: status.Signal().String()}
	}
	return &CommandEnded{Code: cmd.ProcessState.ExitCode()}
}

// Command runs a command with the client's own standard files and returns how it ended. Signals from the channel are passed on.
// When ctx ends the command is ended.
func (c *Client) Command(ctx context.Context, q CommandRequest, files [3]*os.File, signals <-chan os.Signal) (CommandEnded, error) {
	conn, answers, err := c.switchTo(ctx, commandProtocol, "/commands", q)
	if err != nil {
		return CommandEnded{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	rights := syscall.UnixRights(int(files[0].Fd()), int(files[1].Fd()), int(files[2].Fd()))
	if _, _, err := conn.WriteMsgUnix([]byte{0}, rights, nil); err != nil {
		return CommandEnded{}, fmt.Errorf("cannot hand over the terminal: %w", err)
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		encoder := json.NewEncoder(conn)
		for {
			select {
			case s := <-signals:
				if s, ok := s.(syscall.Signal); ok {
					_ = encoder.Encode(commandSignal{int(s)})
				}
			case <-done:
				return
			}
		}
	}()
	return followCommand(answers)
}

// followCommand reads to the end of a command. When the agent ends first, so does the command.
func followCommand(answers io.Reader) (CommandEnded, error) {
	decoder := json.NewDecoder(answers)
	var process *os.Process
	for {
		var l CommandLine
		if err := decoder.Decode(&l); err != nil {
			if process != nil {
				_ = process.Kill() // it may have ended
			}
			return CommandEnded{}, errors.New("the agent has ended, and the command with it")
		}
		switch {
		case l.Ended != nil:
			return *l.Ended, nil
		case l.Error != "":
			return CommandEnded{}, errors.New(l.Error)
		case l.PID > 0:
			process, _ = os.FindProcess(l.PID) // by pidfd where there are any
		}
	}
}
