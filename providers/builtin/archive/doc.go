// Package archive is the resource type "archive": a published archive, or the files of a git commit, unpacked into
// the store.
//
// Addresses of http, https and file go through our own downloads and unpacking, which check before they parse.
// go-getter is used for git only: what it has beyond that (its own archives and checksums) unpacks without os.Root
// and before the digest of anything is known, or needs the AWS and Google libraries.
package archive
