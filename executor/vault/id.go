package vault

import (
	"encoding/base32"
	"fmt"
	"strings"
)

// ID stands for a secret value. It tells nothing about the value, but equal values in one vault have equal IDs.
type ID [16]byte

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// String returns "s" and 26 letters and digits.
func (id ID) String() string { return "s" + idEncoding.EncodeToString(id[:]) }

// ParseID reads what String wrote.
func ParseID(text string) (ID, error) {
	var id ID
	encoded, ok := strings.CutPrefix(text, "s")
	b, err := idEncoding.DecodeString(encoded)
	if !ok || err != nil || len(b) != len(id) {
		return ID{}, fmt.Errorf("%q is not the ID of a secret", text)
	}
	if copy(id[:], b); id.String() != text {
		return ID{}, fmt.Errorf("%q is not the ID of a secret", text)
	}
	return id, nil
}
