//go:build !unix

package local

import (
	"syscall"

	"github.com/nsynapse/recipe/executor/shim"
)

var userSignals map[string]syscall.Signal

func openFiles(uint64) []shim.Limit { return nil }
