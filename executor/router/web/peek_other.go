//go:build !unix

package web

import "net"

// What peek finds.
const (
	peekNothing = iota
	peekData
	peekEnd
)

// peek cannot look here: it takes the connection for one that goes on.
func peek(*net.TCPConn) int { return peekNothing }
