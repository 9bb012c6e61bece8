package vmtest

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A machine boots from a disk of its own, which stays from one boot to the next. Its methods are for one goroutine.
type machine struct {
	*testing.T
	way
	dir, image, disk, share string
	preload                 string // for user-mode-linux

	console *os.File
	process *exec.Cmd
	line    *os.File // the serial line to the door
	ended   chan struct{}
	asked   int

	mu      sync.Mutex
	answers map[string]chan answer
}

// answer is what a command in the machine came to.
type answer struct {
	status string
	text   string
}

// newMachine makes the disk, or skips the test where that is not wanted or cannot be. The machine does not run yet.
func newMachine(t *testing.T) *machine {
	t.Helper()
	if os.Getenv("RECIPE_VM") == "" {
		t.Skip("it takes minutes: make vm")
	}
	if os.Geteuid() != 0 {
		t.Skip("it takes root to build an image")
	}
	lacking(t, "apt-get", "mmdebstrap", "mkfs.ext4")
	w := choose(t)
	dir, err := os.MkdirTemp("", "vm") // a short name: user-mode-linux has sockets in it
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	m := &machine{T: t, way: w, dir: dir, image: buildImage(t, w.kernel), share: buildShare(t), disk: filepath.Join(dir, "disk")}
	output(t, "cp", "--sparse=always", m.image, m.disk)
	if w.name == uml.name {
		source, err := testdata.ReadFile("testdata/xstate.c")
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, "xstate.c"), source, 0o644))
		m.preload = filepath.Join(dir, "xstate.so")
		output(t, "gcc", "-O2", "-shared", "-fPIC", "-o", m.preload, filepath.Join(dir, "xstate.c"))
	}
	m.console, err = os.Create(filepath.Join(dir, "console"))
	must(t, err)
	t.Cleanup(func() {
		m.cutPower()
		if text, err := os.ReadFile(m.console.Name()); err == nil && t.Failed() {
			t.Logf("the console's end:\n%s", text[max(0, len(text)-4000):])
		}
		_ = m.console.Close()
	})
	return m
}

// boot starts the machine and returns when its door answers, and how long that took.
func (m *machine) boot() time.Duration {
	m.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(m.T, err)
	m.line = os.NewFile(uintptr(fds[0]), "door")
	theirs := os.NewFile(uintptr(fds[1]), "door")
	began := time.Now()
	m.process = m.command(m)
	m.process.ExtraFiles = []*os.File{theirs}
	m.process.Stdout = struct{ *os.File }{m.console} // through a pipe: user-mode-linux takes no file for a console
	m.process.Stderr = m.process.Stdout
	m.process.WaitDelay = 5 * time.Second
	m.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	must(m.T, m.process.Start())
	must(m.T, theirs.Close())
	m.ended, m.answers = make(chan struct{}), map[string]chan answer{"ready": make(chan answer, 1)}
	ready := m.answers["ready"]
	go func(c *exec.Cmd, ended chan struct{}) { _ = c.Wait(); close(ended) }(m.process, m.ended)
	go m.listen(m.line)
	select {
	case <-ready:
	case <-m.ended:
		m.Fatal("the machine has ended while it booted")
	case <-time.After(m.patient):
		m.Fatalf("the machine does not answer within %s", m.patient)
	}
	return time.Since(began)
}

// listen hands out the answers of the door.
func (m *machine) listen(line *os.File) {
	lines := bufio.NewScanner(line)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		words := strings.Split(strings.TrimSpace(lines.Text()), " ")
		m.mu.Lock()
		c := m.answers[words[0]]
		delete(m.answers, words[0])
		m.mu.Unlock()
		if c == nil || len(words) < 2 {
			continue
		}
		text, _ := base64.StdEncoding.DecodeString(strings.Join(words[2:], ""))
		c <- answer{words[1], string(text)}
	}
}

// try runs a script as root and returns what it printed, and whether it succeeded.
func (m *machine) try(script string) (text string, ok bool) {
	m.Helper()
	const most = 10 * time.Minute
	m.asked++
	id, c := fmt.Sprintf("q%d", m.asked), make(chan answer, 1)
	m.mu.Lock()
	m.answers[id] = c
	m.mu.Unlock()
	_, err := fmt.Fprintf(m.line, "%s %d %s\n", id, int(most.Seconds()), base64.StdEncoding.EncodeToString([]byte(script)))
	must(m.T, err)
	select {
	case a := <-c:
		return a.text, a.status == "0"
	case <-m.ended:
		m.Fatalf("the machine has ended before it answered: %s", script)
	case <-time.After(most + time.Minute):
		m.Fatalf("no answer: %s", script)
	}
	return "", false
}

// as runs a script as that user, which has to succeed.
func (m *machine) as(user, script string) string {
	m.Helper()
	text, ok := m.try("as " + user + " " + quote(script))
	if !ok {
		m.Fatalf("as %s: %s\n%s", user, script, text)
	}
	return text
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// eventually runs a script as that user until it succeeds, and returns how long that took.
func (m *machine) eventually(user, script string) time.Duration {
	m.Helper()
	began := time.Now()
	var text string
	for ok := false; time.Since(began) < m.patient; time.Sleep(100 * time.Millisecond) {
		if text, ok = m.try("as " + user + " " + quote(script)); ok {
			return time.Since(began)
		}
	}
	report, _ := m.try("as " + user + " 'recipe ps; recipe events | tail -40; recipe logs -stack=shop middleware.postgresql | tail -20'; journalctl -b --no-pager | tail -40")
	m.Fatalf("as %s, not within %s: %s\n%s\n%s", user, m.patient, script, text, report)
	return 0
}

// powerOff has systemd end the machine, and returns how long that took.
func (m *machine) powerOff() time.Duration {
	m.Helper()
	began := time.Now()
	m.try("journalctl --sync; (sleep 1; systemctl poweroff) >/dev/null 2>&1 &") // its answer comes before
	select {
	case <-m.ended:
	case <-time.After(m.patient):
		m.Fatal("the machine does not end")
	}
	m.cutPower()
	return time.Since(began)
}

// cutPower ends the machine at once.
func (m *machine) cutPower() {
	if m.process == nil {
		return
	}
	_ = syscall.Kill(-m.process.Process.Pid, syscall.SIGKILL)
	<-m.ended
	_ = m.line.Close()
	m.process = nil
}
