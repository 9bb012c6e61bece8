// Package origin gets the directories of packages that are named by an address instead of a name:
//
//	git::https://HOST/PATH[//SUB][?ref=REF]              also ssh and file, and http and git on this machine
//	https://HOST/PATH[//SUB]?checksum=sha256:DIGEST      an archive, tar in any usual compression or zip; also file and http
//
// They are written as for hashicorp/go-getter. SUB is a directory in it; REF is a tag, a branch or the full id of a
// commit, and without one it is what the repository has as HEAD. What is got is pinned: by the digest that the address
// has, or by the id of a commit.
//
// Nothing of an address gets to a shell, no link leads out of what was got, and its size is bounded. What was got lies
// in a directory named by the pin and is not got again; nothing removes it but the user.
package origin
