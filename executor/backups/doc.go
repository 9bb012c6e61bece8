// Package backups keeps the data of instances that were written aside. They lie in a directory for each instance, outside
// of its stack, whose end they outlive; only the agent's own user can read them.
//
// # Files
//
// A backup is the file ID.tar.gz.age: a tar archive, compressed by gzip, encrypted as age does it (age-encryption.org/v1)
// to the key of the home's vaults and to the recipients of Keys.File. ID is the time, "20261128T120000Z", with "-2" and so
// on for further ones of that second; or that of the newest one with the next number, when the clock was set back behind it. Each 64 KiB of the file have a sum that only who has the key can make, and its end
// is marked, so what is changed or cut off does not open. Backups of before that were not encrypted, ID.tar.gz, can be
// read; the sum of those is the one of gzip.
//
// A file gets its name when all of it is on disk. What a crash leaves, ".new-…", is no backup.
package backups
