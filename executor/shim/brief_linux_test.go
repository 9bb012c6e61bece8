package shim_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/shim/protocol"
	"github.com/nsynapse/recipe/executor/shim/shimmain"
)

// An app ends, and its shim is killed, before the user has seen anything of either: how it ended and what it wrote are
// known all the same.
func TestUnseenEnd(t *testing.T) {
	dir := t.TempDir()
	fading := shim.Program{"/usr/bin/env", noWait, os.Args[0], "fading-shim", filepath.Join(t.TempDir(), "faded")}
	p, err := shim.Start(t.Context(), fading, spec(t, dir, "say=last words", "exit=5"))
	if err != nil {
		t.Fatal(err)
	}
	if exit := wait(t, p); !exit.Known || exit.Code != 5 {
		t.Errorf("got %s", exit)
	}
	if got := strings.Join(lines(t, dir), "|"); got != "last words" {
		t.Errorf("log: %q", got)
	}
	if found, err := shim.Find(dir); err != nil || found.State != shim.Finished || found.Exit.Code != 5 {
		t.Errorf("found %v, %v", found, err)
	}
}

// A user who comes after the end of both finds out how the app ended.
func TestUnseenEndIsFound(t *testing.T) {
	dir := t.TempDir()
	p := start(t, spec(t, dir, "exit=5"))
	wait(t, p)
	if err := os.Remove(filepath.Join(dir, protocol.ExitFile)); err != nil { // as if the shim had not come so far
		t.Fatal(err)
	}
	if found, err := shim.Find(dir); err != nil || found.State != shim.Finished || found.Exit.Code != 5 {
		t.Errorf("found %v, %v", found, err)
	}
}

// fadingShim is a shim that is killed after its app has ended, and before it has moved its output. The next one, which
// finds the file, is an ordinary shim.
func fadingShim(faded string) int {
	if _, err := os.Stat(faded); err == nil {
		return shimmain.Main(nil)
	}
	if err := fade(faded); err != nil {
		fmt.Fprintln(os.NewFile(protocol.AnswerFD, "answer"), "failed 0", err)
		return 1
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func fade(faded string) error {
	request, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	s, err := protocol.DecodeSpec(request)
	if err != nil {
		return err
	}
	id, err := brief(s)
	if err != nil {
		return err
	}
	a := protocol.Answer{PID: id.PID, Start: id.Start, ShimStart: id.ShimStart}
	if _, err := syscall.Write(protocol.AnswerFD, a.Encode()); err != nil {
		return err
	}
	return os.WriteFile(faded, nil, 0o600)
}

// brief runs the app to its end, and notes that.
func brief(s *protocol.Spec) (id protocol.ID, err error) {
	fifo, err := protocol.OpenFIFO(s.Dir)
	if err != nil {
		return id, err
	}
	app := exec.Command(s.Command[0], s.Command[1:]...)
	app.Stdout, app.Env = os.NewFile(uintptr(fifo), protocol.FIFO), s.Env
	if err := app.Start(); err != nil {
		return id, err
	}
	id.ShimPID, id.PID = os.Getpid(), app.Process.Pid
	if id.Boot, err = protocol.BootID(); err != nil {
		return id, err
	}
	if id.Start, err = protocol.StartTimeUnreaped(id.PID); err != nil {
		return id, err
	}
	if id.ShimStart, err = protocol.StartTime(id.ShimPID); err != nil {
		return id, err
	}
	_ = app.Wait() // its status is what it was told to be
	exit := protocol.ExitFrom(app.ProcessState.Sys().(syscall.WaitStatus))
	exit.PID, exit.Start = id.PID, id.Start
	if err := protocol.WriteID(s.Dir, id); err != nil {
		return id, err
	}
	return id, protocol.WriteEnded(s.Dir, exit)
}
