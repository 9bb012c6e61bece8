//go:build unix

package local

import "syscall"

// userSignals are those that only unix has.
var userSignals = map[string]syscall.Signal{"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "WINCH": syscall.SIGWINCH}
