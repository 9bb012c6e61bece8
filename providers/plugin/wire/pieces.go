package wire

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxPieces is how many texts and messages one message may have in it. An empty one has two bytes there, and a hundred in memory.
const maxPieces = 200_000

// MeasurePieces refuses a message that would cost much more than its length to read. What is no message at all may pass: its
// reader says so better. The format is that of https://protobuf.dev/programming-guides/encoding.
func MeasurePieces(text []byte, d protoreflect.MessageDescriptor) error {
	left := maxPieces
	return countPieces(text, d, &left)
}

func countPieces(text []byte, d protoreflect.MessageDescriptor, left *int) error {
	for len(text) > 0 {
		number, kind, n := protowire.ConsumeTag(text)
		if n < 0 {
			return nil
		}
		text = text[n:]
		if n = protowire.ConsumeFieldValue(number, kind, text); n < 0 {
			return nil
		}
		if kind == protowire.BytesType {
			if *left--; *left < 0 {
				return fmt.Errorf("it has more than %d pieces", maxPieces)
			}
			if f := d.Fields().ByNumber(number); f != nil && f.Message() != nil {
				inner, _ := protowire.ConsumeBytes(text)
				if err := countPieces(inner, f.Message(), left); err != nil {
					return err
				}
			}
		}
		text = text[n:]
	}
	return nil
}
