package protocol

import "encoding/binary"

// Position is the one piece of output that is being moved from the FIFO to the log. The shim writes it before it
// appends the piece and clears it after it has taken the piece out of the FIFO, so that a rescuing shim can see
// whether the piece is in both places.
type Position struct {
	Base  int64 // size of the log before the piece
	Bytes int64 // size of the piece; 0 if none is being moved
}

// PositionSize is the size of an encoded Position.
const PositionSize = 16

// Encode returns the two numbers, little endian.
func (p Position) Encode() [PositionSize]byte {
	var b [PositionSize]byte
	binary.LittleEndian.PutUint64(b[:8], uint64(p.Base))
	binary.LittleEndian.PutUint64(b[8:], uint64(p.Bytes))
	return b
}

// DecodePosition is the inverse of Encode.
func DecodePosition(b [PositionSize]byte) Position {
	return Position{Base: int64(binary.LittleEndian.Uint64(b[:8])), Bytes: int64(binary.LittleEndian.Uint64(b[8:]))}
}
