//go:build !unix

package local

import "syscall"

var userSignals map[string]syscall.Signal
