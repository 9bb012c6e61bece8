//go:build !linux

package main

// keepMemory does nothing: agents that apps depend on run on Linux.
func keepMemory() {}
