// Package claim gives the right to work on one thing at a time: to one goroutine of one process, of all the
// processes that share a directory. It is what keeps two applies from filling the same store entry or downloading
// the same file twice.
package claim
