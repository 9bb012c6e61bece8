// Package wire turns what the sdk speaks of into messages of the protocol and back. What comes from the other side is
// foreign: it is bounded before it is read, and held against the schema; an error says what is wrong with it.
package wire
