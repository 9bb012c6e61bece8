//go:build unix

package local

import (
	"syscall"

	"github.com/nsynapse/recipe/executor/shim"
)

// userSignals are those that only unix has.
var userSignals = map[string]syscall.Signal{"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "WINCH": syscall.SIGWINCH}

// openFiles is the limit of open files of one process.
func openFiles(n uint64) []shim.Limit {
	return []shim.Limit{{Resource: syscall.RLIMIT_NOFILE, Soft: n, Hard: n}}
}
