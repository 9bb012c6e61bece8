// Package trust holds the keys of publishers: one's own, to sign with, and those of others, to verify by.
//
// A publisher has a key for a namespace, which is the part of a package's name before the slash. Keys and signed texts
// have the formats of golang.org/x/mod/sumdb/note: Ed25519, and the signature stands below the text that it covers.
// A key is trusted because its fingerprint was given by the user, and never because a registry offers it.
//
// # Statements
//
// A publisher replaces a key, or takes one back, by a signed statement. The list of them is the publisher's History; it
// is public and travels with every package.
//
//	recipe key 1             signed by both keys: who trusts one trusts the other
//	namespace acme
//	replaces SHA256:…
//	key acme+1a2b3c4d+A…
//
//	recipe revocation 1      signed by a key that is still good, which may be the one that is taken back
//	namespace acme
//	revokes SHA256:…
//
// Nothing that a revoked key has signed is taken any more. What was learnt of a publisher is kept, so that a registry
// which shows an older history does not bring a revoked key back.
package trust
