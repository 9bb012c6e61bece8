// Package unpack puts the content of archives into a directory that nothing in them can get out of. It takes regular
// files, directories, links inside the tree and hard links inside the archive, and refuses everything else: devices,
// absolute names, names with "..", links that lead out, a second entry of the same name, more bytes than agreed.
// Owners, times and set-uid bits are not taken over.
package unpack
