package protocol

import (
	"strconv"
	"strings"
	"syscall"
)

// Answer is what a shim says once. It is one line of text:
//
//	started pid start shim-start   the app runs
//	busy                           another shim holds the lock
//	failed errno what              what could not be done, and why
type Answer struct {
	PID       int // of the app; 0 unless it runs
	Start     uint64
	ShimStart uint64
	Busy      bool
	Errno     syscall.Errno // why it failed; 0 if there is no such number
	What      string        // what could not be done: "execute /bin/app"; "" unless it failed
}

// Encode returns the line.
func (a Answer) Encode() []byte {
	switch {
	case a.Busy:
		return []byte("busy\n")
	case a.What != "":
		what := strings.ReplaceAll(a.What, "\n", " ")
		return []byte("failed " + strconv.Itoa(int(a.Errno)) + " " + what + "\n")
	default:
		return []byte("started " + strconv.Itoa(a.PID) + " " + strconv.FormatUint(a.Start, 10) +
			" " + strconv.FormatUint(a.ShimStart, 10) + "\n")
	}
}

// DecodeAnswer reads the line; ok is false if it is anything else.
func DecodeAnswer(b []byte) (a Answer, ok bool) {
	text, whole := strings.CutSuffix(string(b), "\n")
	words := strings.SplitN(text, " ", 3)
	switch {
	case !whole:
		return Answer{}, false
	case text == "busy":
		return Answer{Busy: true}, true
	case words[0] == "failed" && len(words) == 3:
		n, err := strconv.Atoi(words[1])
		return Answer{Errno: syscall.Errno(n), What: words[2]}, err == nil && words[2] != ""
	}
	all, ok := line(b, 4)
	if !ok || all[0] != "started" {
		return Answer{}, false
	}
	p := parser{}
	a = Answer{PID: p.int(all[1]), Start: p.uint(all[2]), ShimStart: p.uint(all[3])}
	return a, p.err == nil && a.PID > 0
}
