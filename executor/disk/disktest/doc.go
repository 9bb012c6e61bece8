// Package disktest is a disk in memory that a test can crash. It stands in for disk.OS and is deliberately a worse
// disk than a real one: code that survives here survives on ext4, xfs and a cheap SSD.
//
// What is kept apart, as in a kernel:
//
//   - the cache: what reads return; every operation changes it at once;
//   - the platter: what is there after a crash. Sync moves the writes of one file to it, SyncDir the entries of one
//     directory. Neither does the other's work: a synced file whose entry was not synced can be gone.
//
// Three ends of a process:
//
//   - Kill is kill -9: open files and locks are gone, the cache stays, still unsynced.
//   - Crash is a power cut: of each unsynced write, every 512-byte sector is kept, lost, halved, zeroed or garbled, each
//     for itself and in no order; an unsynced truncation, creation, removal or rename happened or not. A rename is
//     never half done. Bytes that were not written since the last Sync are never touched. The seed decides all.
//   - Inject with Cut set is a power cut at a chosen operation: that one and all later ones fail until Crash.
//
// Inject also makes an operation fail with EIO or ENOSPC. A failed Write has written the first half. A failed Sync does
// what Linux does: the unsynced bytes have an unknown fate, reads still show them, and the next Sync reports
// success without having saved them, even to the next process. A failed SyncDir only leaves the entries unsynced: a file
// system that cannot write its own structures stops for good and does not go on without them.
//
// Operations are counted from 1 in the order they come: Open, Rename, Remove, MkdirAll, ReadDir, SyncDir and, of a file,
// Read, ReadAt, Write, Truncate and Sync. Seek, Stat and Close touch no disk: they are not counted and do not fail. A
// Fault can be of one kind only, by name: open, rename, remove, mkdir, readdir, syncdir, read, write, truncate, sync.
//
// Watch and Copy make a test of all crashes cheap: one run gives a copy for each operation, and each copy then crashes and
// is recovered for itself. Fingerprint tells which of them are the same.
package disktest
