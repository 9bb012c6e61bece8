//go:build !unix

package agent

import (
	"errors"
	"io"
)

func lockHome(string) (io.Closer, error) {
	return nil, errors.New("the agent works on Linux only; validate, fmt and graph work here")
}
