//go:build !linux

package shim

import (
	"context"
	"errors"
	"syscall"
)

var errSystem = errors.New("processes under a shim work on Linux only")

// A Process is one run of an app. There is none on this system.
type Process struct{}

// A Prepared is a shim that waits. There is none on this system.
type Prepared struct{}

// Prepare fails on this system.
func Prepare(Program) (*Prepared, error) { return nil, errSystem }

// Start fails on this system.
func (p *Prepared) Start(context.Context, Spec) (*Process, error) { return nil, errSystem }

// Lives returns false on this system.
func (p *Prepared) Lives() bool { return false }

// Close does nothing on this system.
func (p *Prepared) Close() {}

// Start fails on this system.
func Start(context.Context, Program, Spec) (*Process, error) { return nil, errSystem }

// Adopt fails on this system.
func Adopt(context.Context, Program, string, Log) (*Process, error) { return nil, errSystem }

// Find fails on this system.
func Find(string) (Found, error) { return Found{}, errSystem }

// PID returns 0 on this system.
func (p *Process) PID() int { return 0 }

// Identity fails on this system.
func (p *Process) Identity() (string, error) { return "", errSystem }

// Done returns nil on this system.
func (p *Process) Done() <-chan struct{} { return nil }

// Exit returns an unknown exit on this system.
func (p *Process) Exit() Exit { return Exit{} }

// Signal fails on this system.
func (p *Process) Signal(syscall.Signal) error { return errSystem }

// SignalGroup fails on this system.
func (p *Process) SignalGroup(syscall.Signal) error { return errSystem }

// Release does nothing on this system.
func (p *Process) Release() {}

// Sweep finds nothing on this system.
func Sweep(string) error { return nil }
