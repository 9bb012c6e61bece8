//go:build !unix

package child

import (
	"errors"
	"os"
)

// errPipe is the standard error of a program.
func errPipe(string) (r, w *os.File, err error) { return os.Pipe() }

// openErr is for programs that are adopted, which there are none of here.
func openErr(string) (*os.File, error) { return nil, errors.ErrUnsupported }
