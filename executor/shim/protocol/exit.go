package protocol

import (
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Exit is how an app ended. It is one line of text:
//
//	kind value nanoseconds pid start dropped memory
//
// where kind is "code", "signal" or "unknown", and the time counts from 1970. Shims of before there was a limit left out the
// last word.
type Exit struct {
	Known   bool           // false if nobody could see the status: the app was not our child and the kernel is old
	Code    int            // exit status; 0 if a signal ended the app
	Signal  syscall.Signal // 0 if the app exited by itself
	Time    time.Time
	PID     int // of the app that ended
	Start   uint64
	Dropped int64 // bytes of output that could not be written to the log
	Memory  int64 // the limit in bytes that the app wanted to go beyond, for which it was killed; 0 if that was not why
}

// Success reports whether the app exited by itself with status 0.
func (e Exit) Success() bool { return e.Known && e.Code == 0 && e.Signal == 0 }

// String returns "exit status 3", "signal: killed", "unknown exit status" or "out of memory: its limit is 256 MiB".
func (e Exit) String() string {
	switch {
	case e.Memory > 0:
		return "out of memory: its limit is " + size(e.Memory)
	case !e.Known:
		return "unknown exit status"
	case e.Signal != 0:
		return "signal: " + e.Signal.String()
	default:
		return "exit status " + strconv.Itoa(e.Code)
	}
}

// size is a number of bytes as it was most probably written: in the largest unit that leaves a whole number.
func size(bytes int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB"}
	at := 0
	for bytes%1024 == 0 && at < len(units)-1 {
		bytes, at = bytes/1024, at+1
	}
	return strconv.FormatInt(bytes, 10) + " " + units[at]
}

// Encode returns the line.
func (e Exit) Encode() []byte {
	kind, value := "unknown", 0
	if e.Known {
		kind, value = "code", e.Code
	}
	if e.Known && e.Signal != 0 {
		kind, value = "signal", int(e.Signal)
	}
	words := []string{
		kind, strconv.Itoa(value), strconv.FormatInt(e.Time.UnixNano(), 10),
		strconv.Itoa(e.PID), strconv.FormatUint(e.Start, 10), strconv.FormatInt(e.Dropped, 10),
		strconv.FormatInt(e.Memory, 10),
	}
	return []byte(strings.Join(words, " ") + "\n")
}

// DecodeExit reads the line; ok is false if it is anything else.
func DecodeExit(b []byte) (e Exit, ok bool) {
	words, ok := line(b, 7)
	if !ok {
		if words, ok = line(b, 6); !ok {
			return Exit{}, false
		}
		words = append(words, "0")
	}
	p := parser{}
	value := p.int(words[1])
	e = Exit{
		Time: time.Unix(0, int64(p.int(words[2]))), PID: p.int(words[3]), Start: p.uint(words[4]),
		Dropped: int64(p.int(words[5])), Memory: int64(p.int(words[6])),
	}
	switch words[0] {
	case "code":
		e.Known, e.Code = true, value
	case "signal":
		e.Known, e.Signal = true, syscall.Signal(value)
	case "unknown":
	default:
		return Exit{}, false
	}
	if p.err != nil {
		return Exit{}, false
	}
	return e, true
}
