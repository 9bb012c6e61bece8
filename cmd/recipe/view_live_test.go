//go:build linux

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/apply"
)

// terminal is what a terminal makes of the output: lines, of which each takes as many rows as its columns need. It knows the escapes
// that the live view uses; what has left the screen at its top cannot be reached again.
type terminal struct {
	width, height int
	lines         [][]rune // the last one has the cursor at its end
	left          int      // a column to begin the next line at: where the cursor was moved aside
	err           error
}

func newTerminal(width, height int) *terminal {
	return &terminal{width: width, height: height, lines: [][]rune{nil}}
}

func (s *terminal) rows(line []rune) int { return max(1, (len(line)+s.width-1)/s.width) }

func (s *terminal) Write(b []byte) (int, error) {
	text := []rune(string(b))
	for len(text) > 0 {
		var up int
		rest := string(text)
		switch {
		case text[0] == '\r':
			s.left = 0
		case text[0] == '\n':
			s.lines = append(s.lines, nil)
		case strings.HasPrefix(rest, "\x1b[J"):
			text = text[2:]
		case text[0] == '\x1b':
			if _, err := fmt.Sscanf(rest, "\x1b[%dA", &up); err != nil {
				s.err = errors.Join(s.err, fmt.Errorf("an unknown escape in %q", rest))
				return len(b), nil
			}
			s.up(up)
			text = text[slices.Index(text, 'A'):]
		default:
			last := len(s.lines) - 1
			s.lines[last] = append(append(s.lines[last], []rune(strings.Repeat(" ", s.left))...), text[0])
			s.left = 0
		}
		text = text[1:]
	}
	return len(b), nil
}

// up moves so many rows up, and clears from there.
func (s *terminal) up(rows int) {
	if rows > max(s.height-2, 1) { // to the first row, from which tmux keeps what is erased
		s.err = errors.Join(s.err, fmt.Errorf("the cursor is moved %d rows up on a screen of %d", rows, s.height))
	}
	for rows > 0 {
		last := len(s.lines) - 2
		rows -= s.rows(s.lines[last])
		s.lines = s.lines[:last+1]
		s.lines[last] = nil
	}
	if rows < 0 {
		s.err = errors.Join(s.err, errors.New("the cursor is moved into the middle of a line"))
	}
}

func (s *terminal) text() string {
	var b strings.Builder
	for _, l := range s.lines {
		b.WriteString(string(l) + "\n")
	}
	return b.String()
}

// liveOn is a live view on a terminal, drawn when the test says so.
func liveOn(s *terminal) *liveView {
	v := &liveView{c: &cli{stdout: s}, size: func() (int, int) { return s.width, s.height }, stop: make(chan struct{})}
	v.begin(agent.RunBegin{Stack: "shop", Tasks: 40, Started: time.Now()}, false)
	return v
}

const longAddress = `package.postgresql["15.0.0"].install.archive.server`

// TestLivePictureKeepsHowFar has a download in a terminal of 80 columns: what is cut is not how far it is.
func TestLivePictureKeepsHowFar(t *testing.T) {
	s := newTerminal(80, 24)
	v := liveOn(s)
	v.event(apply.Event{Phase: apply.Started, Addr: longAddress, Time: time.Now()})
	v.event(apply.Event{Phase: apply.Progress, Addr: longAddress, Text: "downloading postgresql-15.2.tar.gz", Done: 420e3, Total: 2.5e6})
	v.draw(true)
	if got := s.text(); !strings.Contains(got, longAddress+": ") || !strings.Contains(got, "… 420 kB of 2.5 MB ") {
		t.Errorf("the picture is\n%s", got)
	}
}

// TestLivePictureOfUndo has a step that is taken back: its own progress does not hide that, and it does not count as done.
func TestLivePictureOfUndo(t *testing.T) {
	s := newTerminal(80, 24)
	v := liveOn(s)
	v.event(apply.Event{Phase: apply.Started, Addr: "app.a[0].step.slow", Time: time.Now()})
	v.event(apply.Event{Phase: apply.Errored, Addr: "app.a[0].step.slow", Time: time.Now(), Error: "sh failed:\nsome \x1b[31mred\x1b[0m\x1b[5A words"})
	v.event(apply.Event{Phase: apply.UndoStart, Addr: "app.a[0].step.slow", Time: time.Now()})
	v.event(apply.Event{Phase: apply.Progress, Addr: "app.a[0].step.slow", Text: "running sh"})
	v.draw(true)
	got := s.text()
	for _, want := range []string{"app.a[0].step.slow is taken back: running sh", "all is taken back: 0 done, 1 running", "      some red words\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if s.err != nil {
		t.Error(s.err)
	}
}

// TestLiveViewLeavesNothing draws whatever runs on terminals of any size, which change meanwhile, with a user who types: in the
// end there is each finished step once and nothing of any picture, and the cursor never went where it cannot.
func TestLiveViewLeavesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := func() (int, int) {
			return rapid.IntRange(20, 200).Draw(t, "width"), rapid.IntRange(4, 40).Draw(t, "height")
		}
		s := newTerminal(size())
		v := liveOn(s)
		var want strings.Builder
		var running []string
		for i := range rapid.IntRange(1, 60).Draw(t, "events") {
			switch {
			case len(running) > 0 && rapid.Bool().Draw(t, "ends"):
				addr := running[0]
				running = running[1:]
				v.event(apply.Event{Phase: apply.Completed, Action: "create", Addr: addr})
				fmt.Fprintf(&want, "  ✓ %s created 0s\n", addr)
			default:
				addr := fmt.Sprintf("app.%s[%d]", strings.Repeat("x", rapid.IntRange(1, 100).Draw(t, "long")), i)
				running = append(running, addr)
				v.event(apply.Event{Phase: apply.Started, Addr: addr, Time: time.Now()})
			}
			if rapid.Bool().Draw(t, "draws") {
				v.draw(true)
			}
			if rapid.IntRange(0, 9).Draw(t, "resize") == 0 { // one that is as high, or the rest has left the screen
				s.width = rapid.IntRange(100, 200).Draw(t, "width")
				s.height = max(s.height, 40)
			}
			if len(v.drawn) > 0 {
				s.left = rapid.IntRange(0, 2).Draw(t, "typed")
			}
		}
		v.draw(false)
		want.WriteString("\n")
		if got := s.text(); s.err != nil || strings.TrimLeft(got, " ") != strings.TrimLeft(want.String(), " ") {
			t.Fatalf("%v\n%s\nis not\n%s", s.err, got, want.String())
		}
	})
}
