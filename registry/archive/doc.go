// Package archive turns the directory of a package into one file and back. The same files give the same bytes, whoever
// packs them, when, on which machine and under which umask.
//
// An archive is a tar stream, compressed by zstd: it is read several times as fast as gzip, and every reader of it is
// bound in memory. In the tar stream
//
//	order    by the bytes of the path
//	entries  directories, regular files and links inside the tree; all that .recipeignore does not leave out
//	mode     755 for directories and for files that anybody may execute, 644 for other files, 777 for links
//	owner    0, without names
//	time     the beginning of 1970
//
// The bytes depend on the version of the compressor; Content.Tree does not.
package archive
