package protocol

import (
	"strconv"
	"strings"
)

// ID says who runs in a unit's directory. It is one line of text:
//
//	boot-id pid start shim-pid shim-start
//
// A process is known by its number and its start time in clock ticks after boot: the number alone is given to
// another process some time later.
type ID struct {
	Boot      string // of the kernel; an ID of another boot names nobody
	PID       int    // of the app; 0 while it is being started
	Start     uint64
	ShimPID   int
	ShimStart uint64
}

// Encode returns the line.
func (id ID) Encode() []byte {
	words := []string{
		id.Boot, strconv.Itoa(id.PID), strconv.FormatUint(id.Start, 10),
		strconv.Itoa(id.ShimPID), strconv.FormatUint(id.ShimStart, 10),
	}
	return []byte(strings.Join(words, " ") + "\n")
}

// DecodeID reads the line; ok is false if it is anything else.
func DecodeID(b []byte) (id ID, ok bool) {
	words, ok := line(b, 5)
	if !ok {
		return ID{}, false
	}
	p := parser{}
	id = ID{Boot: words[0], PID: p.int(words[1]), Start: p.uint(words[2]), ShimPID: p.int(words[3]), ShimStart: p.uint(words[4])}
	if p.err != nil {
		return ID{}, false
	}
	return id, true
}

// line splits one whole line into n words.
func line(b []byte, n int) ([]string, bool) {
	text, whole := strings.CutSuffix(string(b), "\n")
	words := strings.Split(text, " ")
	return words, whole && len(words) == n
}

// A parser remembers its first error.
type parser struct{ err error }

func (p *parser) int(s string) int {
	n, err := strconv.Atoi(s)
	p.note(err)
	return n
}

func (p *parser) uint(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	p.note(err)
	return n
}

func (p *parser) note(err error) {
	if p.err == nil {
		p.err = err
	}
}
