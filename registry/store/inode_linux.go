package store

import (
	"io/fs"
	"syscall"
)

// inodeOf returns the number of a file and when it last changed in any way, which nobody can set back.
func inodeOf(info fs.FileInfo) (inode, changed int64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int64(s.Ino), s.Ctim.Nano()
	}
	return 0, 0
}
