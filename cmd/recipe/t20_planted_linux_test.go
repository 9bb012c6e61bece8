package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestT20JudgeSees plants a secret in each place and each form: a judge that overlooks one would prove nothing.
func TestT20JudgeSees(t *testing.T) {
	p := newPlace(t)
	p.must(os.MkdirAll(p.home, 0o711))
	secret := someSecret("planted") + ` "q" & <b>/+ü%`
	for _, n := range formsOf(secret) {
		for _, where := range plantings {
			heard := p.judgePlanted(n, where.plant)
			if !strings.Contains(heard, where.heard) || !strings.Contains(heard, "as "+n.form) {
				t.Errorf("a secret as %s in %s is overlooked; the judge says: %s", n.form, where.name, heard)
			}
		}
	}
}

// plantings are the places where a secret can be. Each plants a text, and returns how to take it away.
var plantings = []struct {
	name, heard string
	plant       func(w *watched, text string) (remove func() error)
}{
	{"an answer", "a command says", func(w *watched, text string) func() error {
		w.said = []said{{"a command", []byte("x" + text)}}
		return func() error { return nil }
	}},
	{"a file", "holds", func(w *watched, text string) func() error {
		name := filepath.Join(w.home, "planted")
		w.must(os.WriteFile(name, []byte("before it "+text+" after it"), 0o600))
		return func() error { return os.Remove(name) }
	}},
	{"a command line", "the command line of", func(w *watched, text string) func() error {
		return w.waiting(exec.Command("/bin/sh", "-c", "read -r line", text))
	}},
	{"an environment", "the environment of", func(w *watched, text string) func() error {
		cmd := exec.Command("/bin/sh", "-c", "read -r line")
		cmd.Env = []string{"NAME=" + text}
		return w.waiting(cmd)
	}},
}

// waiting starts a process that waits for the end of its input. What it was started with is seen a moment later than that it was.
func (w *watched) waiting(cmd *exec.Cmd) (end func() error) {
	w.Helper()
	stdin, err := cmd.StdinPipe()
	w.must(err)
	w.must(cmd.Start())
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid)); bytes.HasPrefix(line, []byte("/bin/sh\x00")) {
			break
		}
	}
	return func() error {
		err := stdin.Close()
		_ = cmd.Wait() // read fails at the end of its input
		return err
	}
}

// judgePlanted returns what the judge says of a place that is clean but for what plant plants.
func (p *place) judgePlanted(n needle, plant func(*watched, string) func() error) string {
	p.Helper()
	heard := &complaints{TB: p.TB}
	w := newWatched(&place{TB: heard, home: p.home, stack: p.stack})
	w.add(n.secret)
	remove := plant(w, string(n.text))
	w.judge("planted")
	p.must(remove())
	return strings.Join(heard.all, "\n")
}

// complaints is a test that only notes what it fails of.
type complaints struct {
	testing.TB
	all []string
}

func (c *complaints) Errorf(format string, args ...any) {
	c.all = append(c.all, fmt.Sprintf(format, args...))
}
