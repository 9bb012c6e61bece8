package main

import (
	"runtime"
	"runtime/debug"
)

// collectLate has the first collection of garbage wait until the heap has 32 MiB instead of 4. A command that looks at a small stack
// ends before that; one that looks at a large one collects as ever from there on.
func collectLate() {
	usual := debug.SetGCPercent(800) // of the 4 MiB that the runtime begins with
	gone := new([64]byte)            // nothing refers to it, so the first collection finds it
	runtime.AddCleanup(gone, func(percent int) { debug.SetGCPercent(percent) }, usual)
}
