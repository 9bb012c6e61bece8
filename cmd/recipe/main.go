// Command recipe turns one file, stack.hcl, into running software. This package turns flags into options and results
// into text, JSON and exit codes; the work is done by the packages below it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/lang/diag"
)

// Exit codes.
const (
	exitOK          = 0
	exitError       = 1
	exitChanges     = 2 // plan -detailed-exitcode: there are changes; fmt -check: there is something to format
	exitBadInput    = 2 // solve: what was given cannot be read
	exitInterrupted = 130
)

// version is set by the build.
var version = "0.1.0-dev"

func main() { os.Exit(run()) }

// run carries out the command line and returns the exit code.
func run() int {
	args := os.Args[1:]
	if code, ok := internal(args); ok {
		return code
	}
	ctx, stop := interruptible()
	defer stop()
	c := &cli{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, home: homeOf(os.Getenv)}
	c.live = term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("TERM") != "dumb"
	c.color = c.live && os.Getenv("NO_COLOR") == ""
	return c.exit(c.dispatch(ctx, args))
}

// interruptible is a context that ends when the user or the system asks the process to.
func interruptible() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// cli is what commands work with.
type cli struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	home           string
	live           bool // standard output is a terminal that can be drawn on
	color          bool
	json           bool // of the command that runs: errors are JSON too
	begun          bool // the first line of a stream of JSON is printed
}

// exitCode ends the program with a code, without a message.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// hinted is an error with a way out.
type hinted struct {
	err  error
	hint string
}

func (h hinted) Error() string { return h.err.Error() }
func (h hinted) Unwrap() error { return h.err }

// badInput is an error with an exit code of its own.
type badInput struct{ error }

func (b badInput) Unwrap() error { return b.error }

// exit tells what went wrong and returns the exit code for it.
func (c *cli) exit(err error) int {
	var code exitCode
	var bad badInput
	var problem *agent.Problem
	var hint hinted
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, context.Canceled):
		c.interrupted(err)
		return exitInterrupted
	case errors.As(err, &problem):
		c.fail(problem.Message, problem.Hint)
	case errors.As(err, &hint):
		c.fail(hint.Error(), hint.hint)
	default:
		c.fail(err.Error(), "")
	}
	if errors.As(err, &bad) {
		return exitBadInput
	}
	return exitError
}

// fail prints an error and, on a line of its own, the way out.
func (c *cli) fail(message, hint string) {
	summary, detail, _ := strings.Cut(message, "\n")
	if word, _, _ := strings.Cut(summary, " "); word != "" && !strings.ContainsAny(word, ".[:/-") { // a name stays as it is
		summary = strings.ToUpper(summary[:1]) + summary[1:]
	}
	if detail != "" && hint != "" {
		detail += "\n\n"
	}
	d := diag.Diagnostic{Severity: "error", Summary: summary, Detail: detail + hint}
	if c.json {
		c.begin()
		c.message("diagnostic", "Error: "+summary, map[string]any{"@level": "error", "diagnostic": d})
		return
	}
	c.diagnostics([]diag.Diagnostic{d})
}

// diagnostics prints them to standard error as text.
func (c *cli) diagnostics(list []diag.Diagnostic) {
	if len(list) == 0 {
		return
	}
	_ = diag.Write(c.stderr, list, c.color, c.width()) // nobody is left to tell
}

// interrupted tells that somebody ended the command, and the way out if there is one.
func (c *cli) interrupted(err error) {
	var hint hinted
	errors.As(err, &hint)
	if c.json {
		c.begin()
		c.message("diagnostic", "Interrupted", map[string]any{"@level": "error",
			"diagnostic": diag.Diagnostic{Severity: "error", Summary: "Interrupted", Detail: hint.hint}})
		return
	}
	fmt.Fprintln(c.stderr, strings.TrimSpace("Interrupted. "+hint.hint))
}

// width is that of the terminal, 0 when there is none.
func (c *cli) width() int {
	width, _ := c.terminal()
	return width
}

// size is that of the terminal, 80 times 24 when it does not say.
func (c *cli) size() (width, height int) {
	width, height = c.terminal()
	if width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// terminal is the size of the terminal that standard output is, zero when it is none.
func (c *cli) terminal() (width, height int) {
	if f, ok := c.stdout.(*os.File); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil {
			return width, height
		}
	}
	return 0, 0
}
