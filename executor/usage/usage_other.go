//go:build !linux

package usage

import "errors"

// Look fails on this system.
func Look() (Table, error) { return Table{}, errors.New("processes can be looked at on Linux only") }
