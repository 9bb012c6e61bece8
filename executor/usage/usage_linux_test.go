package usage

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// A shell with a child that holds memory and uses time.
func TestOf(t *testing.T) {
	c := exec.Command("/bin/sh", "-c", "(x=$(head -c 8000000 /dev/zero | tr '\\0' x); i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo up; sleep 1000; :) & wait")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.SysProcAttr = group()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		killGroup(c.Process.Pid)
		_ = c.Wait()
	}()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	table, err := Look()
	if err != nil {
		t.Fatal(err)
	}
	u := table.Of(c.Process.Pid)
	if u.Processes < 2 || u.Processes > 3 || u.Memory < 8_000_000 || u.CPU < 10*time.Millisecond {
		t.Errorf("%+v", u)
	}
	if u := table.Of(1 << 30); u != (Usage{}) {
		t.Errorf("of nobody: %+v", u)
	}
}

// A name may look like the fields that follow it.
func TestParse(t *testing.T) {
	p, ok := parse([]byte("12 (a) R 1 (b) S 7 12 12 0 -1 0 0 0 0 0 3 4 1 2 20 0 1 0 100 4096 5 0"), 4096)
	if !ok || p.parent != 7 || p.own.CPU != 100*time.Millisecond || p.own.Memory != 5*4096 {
		t.Errorf("%+v, %v", p, ok)
	}
	for _, text := range []string{"", "12", "12 (a) S 7"} {
		if _, ok := parse([]byte(text), 4096); ok {
			t.Errorf("%q was read", text)
		}
	}
}

func group() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
