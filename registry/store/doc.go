// Package store keeps directories that never change once they are there: packages, middleware and the files of
// a stack, each under a key that stands for its content.
//
//	<dir>/<key>/            a complete entry; it appears at once, by a rename
//	<dir>/.sums/<key>       the digests of all that is in an entry
//	<dir>/.work/fill-<key>/ an entry that is being filled
//	<dir>/.work/gone-<key>/ an entry that is being removed
//	<dir>/.work/lock-<key>  held by the process that does so
//
// After a crash the lock is free, and what lies in .work is rubbish: Open removes it, and so does the next Add of
// the same key.
package store
