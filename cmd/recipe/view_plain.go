package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/apply"
)

// longStep is how long a step may take before its progress is worth a line.
const longStep = 5 * time.Second

// plainView prints a line for each finished step, and one now and then for steps that take long.
type plainView struct {
	c    *cli
	told map[string]time.Time // by address: when the step began, or was last told of
}

func newPlainView(c *cli) *plainView { return &plainView{c: c, told: map[string]time.Time{}} }

func (v *plainView) begin(b agent.RunBegin, joined bool) { fmt.Fprint(v.c.stdout, resumed(b, joined)) }

// resumed says whose run it is, "" for our own.
func resumed(b agent.RunBegin, joined bool) string {
	what := "Following"
	switch {
	case b.Resumed:
		what = "Going on with"
	case !joined:
		return ""
	}
	who := ""
	if b.By != nil {
		who = b.By.String() + " "
	}
	return fmt.Sprintf("%s the run of %s that %sbegan at %s.\n", what, b.Stack, who, b.Started.Local().Format(time.TimeOnly))
}

func (v *plainView) event(e apply.Event) {
	switch e.Phase {
	case apply.Started, apply.UndoStart:
		v.told[e.Addr] = e.Time
	case apply.Progress:
		if e.Time.Sub(v.told[e.Addr]) > longStep {
			v.told[e.Addr] = e.Time
			fmt.Fprintf(v.c.stdout, "  %s: %s%s\n", e.Addr, plainText(e.Text), amount(e.Done, e.Total))
		}
	case apply.Said:
		fmt.Fprintln(v.c.stdout, line(v.c, e))
	default:
		if !trifling(e) {
			fmt.Fprintln(v.c.stdout, finished(v.c, e))
		}
	}
}

// trifling reports whether a finished step is a part of others that nobody waits for: it gets no line of its own.
func trifling(e apply.Event) bool {
	return e.Phase != apply.Errored && (e.Type == "secret" || e.Type == "endpoint" || e.Type == "route") && e.Took < time.Second
}

func (v *plainView) stopping() { fmt.Fprintln(v.c.stdout, stoppingText) }

func (v *plainView) end(*agent.RunResult) {}

// line is a line that a provider has for the user.
func line(c *cli, e apply.Event) string {
	return fmt.Sprintf("  %s %s: %s", c.dye("2", "·"), e.Addr, plainText(e.Text))
}

// finished is the line of a finished step.
func finished(c *cli, e apply.Event) string {
	took := e.Took.Round(time.Millisecond)
	switch e.Phase {
	case apply.Completed:
		return fmt.Sprintf("  %s %s %s %s", c.dye("32", "✓"), e.Addr, past[e.Action], c.dye("2", took.String()))
	case apply.UndoDone:
		return fmt.Sprintf("  %s %s taken back %s", c.dye("33", "↺"), e.Addr, c.dye("2", took.String()))
	}
	first, rest, more := strings.Cut(e.Error, "\n")
	text := fmt.Sprintf("  %s %s failed: %s", c.dye("31", "✗"), e.Addr, plainText(first))
	for more { // what an app wrote must not steer the terminal
		first, rest, more = strings.Cut(rest, "\n")
		text += "\n      " + plainText(first)
	}
	return text
}

// dye colours s on a terminal.
func (c *cli) dye(color, s string) string {
	if !c.color {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// amount is how far a step is: bytes with a total, else nothing.
func amount(done, total int64) string {
	switch {
	case total > 0 && total < 1000:
		return fmt.Sprintf(" %d/%d", done, total)
	case total > 0:
		return fmt.Sprintf(" %s of %s", size(done), size(total))
	case done > 0:
		return " " + size(done)
	}
	return ""
}

func size(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}
