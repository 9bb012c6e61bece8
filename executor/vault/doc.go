// Package vault keeps the secrets of one stack, encrypted with age. State, plan and journal hold only a secret's ID; the
// clear value is here and nowhere else on disk.
//
// A vault is a journal (see executor/journal) whose snapshot and payloads are age files for one X25519 key. The clear
// text of each is a list of byte strings, each a length of 4 bytes, little-endian, and so many bytes:
//
//	the first one:  "recipe vault 2", the lineage of the state, the key of the IDs (32 random bytes), the mark, values …
//	later ones:     "values", values …
//	                "mark", the mark
//
// The mark is the number of a generation, in decimal: the newest that the state beside the vault has recorded, or is about
// to record. It tells a state or a vault that was put back from an older copy, alone, from one that is as it was left; see
// Fits. What it cannot tell: a copy of the state taken during the very run that the vault is marked with, and old copies of
// both, put back together, which is how it should be done.
//
// Format 1 had no marks. No recipe that wrote it was ever released, so nothing reads it.
//
// The ID of a value is the first 16 bytes of HMAC-SHA256 of it under the key of the IDs: equal values have equal IDs, and
// who sees an ID cannot try out values. Number and rough size of the secrets can be seen in the files.
//
// Forgotten values are no longer in the vault's files; the blocks of the disk that held them, encrypted, are not wiped.
package vault
