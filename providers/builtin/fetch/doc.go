// Package fetch downloads files for all resource types. A file is checked against its digest before it gets its
// final name, an interrupted download goes on where it stopped, and those who want the same file share one download.
//
//	<dir>/<sha256>            a complete file under the digest of its content
//	<dir>/<name>.part         the part that has arrived so far; name is the digest, or "url-" and a hash of the address
//	<dir>/<name>.part.origin  where the part came from and the server's ETag, to go on with If-Range
//	<dir>/<name>.lock         held while somebody downloads it
//	<dir>/url-<hash>.digest   the digest that a file at an address had when nobody knew it before
//	<dir>/url-<hash>.document a small file that changes, with what is needed to ask whether it has
package fetch
