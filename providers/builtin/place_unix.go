//go:build unix

package builtin

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// hasPermissions tells that a file keeps all the permission bits it is given.
const hasPermissions = true

// ownerOf returns the id of the user who owns a file.
func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}

// isNotEmpty tells the error of removing a directory with something in it.
func isNotEmpty(err error) bool {
	return errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST)
}

// syncDir makes the entries of a directory below root durable.
func syncDir(root *os.Root, name string) error {
	d, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
