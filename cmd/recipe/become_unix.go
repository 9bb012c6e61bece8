//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"syscall"
)

// become turns this process into another program. It returns only with an error.
func become(_ context.Context, program string, args []string) error {
	err := syscall.Exec(program, append([]string{program}, args...), os.Environ())
	return fmt.Errorf("cannot run %s: %w", program, err)
}
