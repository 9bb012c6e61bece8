// Package ledger keeps the log of a registry: every tag that was ever put on a version or a status, in one order that
// never changes. A registry that shows an older view, another view to somebody else, or a version that it does not
// answer for, is found out by whoever remembers or compares a head.
//
// The log is a Merkle tree as golang.org/x/mod/sumdb/tlog has it. Record number N, from 0, is a line
//
//	REPOSITORY TAG DIGEST\n
//
// where the digest is that of the image index or image manifest which the tag stands for, and so covers what the
// publisher signed and the keys that came with it. The leaf of the tree is tlog.RecordHash of the line.
//
// The log is the repository "recipe/log" of the registry that it is about:
//
//	tag n.SIZE      an image manifest, artifactType application/vnd.recipe.log.v1, of the log with SIZE records; the tag
//	                is put where none is, so of two who append at the same time one is told to try again
//	tag _head       the same as the newest n.SIZE, or an older one while somebody appends: where to begin looking
//	  config        application/vnd.recipe.log.head.v1: tlog.FormatTree of size and root, a signed note
//	  layer 1       application/vnd.recipe.log.key.v1: the public key of who appended, as note writes it
//	  layers 2…     application/vnd.recipe.log.tile.v1: the records, 256 each, the last one less
//
// Who reads it takes all records and works out the tree: nothing of the head is believed. Full tiles never change, so a
// cache holds them. A million records are 120 MB; from there on proofs with tiles of hashes would be worth their code.
//
// In a registry that recipe serves the server appends, with a key of its own that users remember. Elsewhere the
// publishers do, each with the key that signs the packages: the signature then tells who appended and no more, since
// anybody who may write there can append, and could begin a new log for those who never saw the old one.
package ledger
