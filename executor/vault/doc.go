// Package vault keeps the secrets of one stack, encrypted with age. State, plan and journal hold only a secret's ID; the
// clear value is here and nowhere else on disk.
//
// A vault is a journal (see executor/journal) whose snapshot and payloads are age files for one X25519 key. The clear
// text of each is a list of byte strings, each a length of 4 bytes, little-endian, and so many bytes:
//
//	the first one:  "recipe vault 1", the lineage of the state, the key of the IDs (32 random bytes), values …
//	later ones:     values …
//
// The ID of a value is the first 16 bytes of HMAC-SHA256 of it under the key of the IDs: equal values have equal IDs, and
// who sees an ID cannot try out values. Number and rough size of the secrets can be seen in the files.
//
// Forgotten values are no longer in the vault's files; the blocks of the disk that held them, encrypted, are not wiped.
package vault
