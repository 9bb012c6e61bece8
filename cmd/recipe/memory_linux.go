package main

import "golang.org/x/sys/unix"

// keepMemory keeps the memory of this process to itself, since it holds secrets: when it is aborted none of it is
// written to disk or handed to a program, and no process but those of root can look into it, not even an app of the same
// user. What this process starts is not concerned: an app may leave a core, and a shim has to recognise its app.
func keepMemory() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
