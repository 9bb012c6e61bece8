// Package journal keeps records that survive a crash: a snapshot and a log of what came after it. Append returns when its
// payloads are on disk; what was acknowledged comes back from Open unchanged or Open refuses.
//
// A journal is a directory with three files. All numbers are little-endian; every checksum is CRC-32C and begins with
// the 16 bytes of id and epoch, so that bytes of another journal or of an older log never pass for this one's. The
// checksum of a header counts itself as zero.
//
//	lock                  held with flock by the process that has the journal open; holds its pid in decimal
//
//	snapshot
//	 0   8 "RCPSNAP\n"
//	 8   4 version, 1
//	12   4 checksum of the whole file
//	16   8 id, random, the same for the life of the journal
//	24   8 epoch: 1 at first, one more with each Compact
//	32   8 sequence number of the last record that the snapshot covers
//	40   8 length of the snapshot
//	48   … the snapshot, up to the end of the file; empty in epoch 1
//
//	log
//	 0   8 "RCPJLOG\n"
//	 8   4 version, 1
//	12   4 checksum of bytes 0 to 511
//	16   8 id
//	24   8 epoch
//	32   8 base: sequence number before the first record of this log
//	40 472 zeros
//	512 512 mark 0
//	1024 512 mark 1
//	1536 … records
//
//	mark: up to where the log is acknowledged
//	 0   8 sequence number of the last acknowledged record
//	 8   8 offset of its end in the log
//	16   4 checksum of the whole mark
//	20 492 zeros
//
//	record: what one fsync made durable; one Append or several that came together
//	 0   4 length of the payload, at least 4
//	 4   4 checksum of length, sequence number and payload
//	 8   8 sequence number, one more than that of the record before
//	16   … payload: entries, each a length of 4 bytes and so many bytes, which are one payload given to Append
//
// Writing a record: write it at the end of the log, fsync, then write the older of the two marks. The mark is not waited
// for: the next fsync carries it. So at any time at most one mark and one record are not durable, and a mark never says more
// than is true. Without the marks a flipped bit in the last record would look like a torn write, and a log that was cut
// short like a shorter log.
//
// Compacting: write snapshot (next epoch) to a fresh file, fsync, rename, fsync the directory; then the same with an empty
// log (next epoch). Between the two the old log lies beside the new snapshot; its records up to the snapshot's sequence
// number are skipped.
//
// Opening:
//
//  1. Take the lock. Make the directory's entries durable: a process killed before us may not have.
//  2. Neither file: a new journal; write the log, then the snapshot. Only a log without records: the same, finish it. One
//     of them missing otherwise: damage.
//  3. Check the snapshot, the log's header and marks. One bad mark is a torn write, two are damage. The ids must be the
//     same and the log's epoch that of the snapshot or the one before.
//  4. Read records until the first bad one. Damage is: it lies before the end of the newest mark, or any valid record of
//     this log follows it, or the log ends before what the snapshot covers. Otherwise it is a torn write: cut.
//  5. If anything was cut, a mark is bad or records follow the newest one: write a copy of the good part with new marks to
//     a fresh file, fsync, rename, fsync the directory. Otherwise write the newest mark again, fsync. A killed process
//     may have left these bytes in the cache only, and an fsync that comes after a failed one does not save them.
//
// One thing cannot be known: when the power is cut just after an fsync, before the mark is on disk, and that one last
// record is also damaged, it looks torn.
package journal
