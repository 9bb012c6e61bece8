package agent

import (
	"strings"
	"syscall"
)

// lacks are the errors of a machine that is short of something, and the way out.
var lacks = []struct {
	errno syscall.Errno
	hint  string
}{
	{syscall.ENOSPC, "The disk is full: make room on the file system of the path above. The next command goes on from here by itself."},
	{syscall.EDQUOT, "The quota of the disk is used up: make room where the path above leads. The next command goes on from here by itself."},
	{syscall.EMFILE, "The agent has as many files open as it may: raise its limit (ulimit -n), and start it anew with recipe agent -stop and the next command. Apps go on meanwhile."},
	{syscall.ENFILE, "The machine has as many files open as it may (fs.file-max): raise that, or end something. The next command goes on from here by itself."},
	{syscall.EAGAIN, "The system lets this user have no more processes (ulimit -u): raise that, or end something. The next command goes on from here by itself."},
}

// lackHint is the way out if the text of an error tells that the machine is short of something, else "". It looks at
// the text, since that is what a journal keeps of an error.
func lackHint(text string) string {
	for _, l := range lacks {
		if strings.Contains(text, l.errno.Error()) {
			return l.hint
		}
	}
	return ""
}
