// Package shimmain is the shim program: the tiny parent of one app. It starts the app, keeps its output, takes its
// exit status and outlives the agent. What it is asked and answers, and the files it keeps, are in package protocol.
//
// The life of a shim:
//
//  1. read the Spec from stdin; become a session leader and the reaper of all descendants
//  2. take the lock of the directory; whoever finds it taken, or an app that lives without a shim, says so and ends, and
//     so does one that nobody waits for
//  3. write an id without a number, make the control groups, start the app in them, write its number, answer; or answer why not
//  4. carry output from the FIFO to the log until the app has ended
//  5. note how the app ended, before anything else, and only then take its status from the kernel
//  6. kill what the app left behind, remove its control groups, carry the rest of the output, write exit, end
//
// When a shim is killed the app goes on: it holds the FIFO open itself, and what it writes waits there. A rescuing
// shim does steps 1 and 2, settles the piece that was being carried, and goes on at step 4 with the app's pidfd in
// place of waitid.
//
// The package imports neither fmt nor net: a small program starts faster and there are many of it.
package shimmain
