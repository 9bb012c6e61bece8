package terraform

import (
	"encoding/binary"
	"fmt"
)

// Bounds of a value of a provider: in memory it is many times as large as its message.
const (
	maxParts = 100_000
	maxDepth = 64
)

// measure refuses MessagePack that would cost much more than its length to read. What is cut off or no MessagePack may
// pass: its reader says so better. The format is that of https://github.com/msgpack/msgpack/blob/master/spec.md.
func measure(text []byte) error {
	m := meter{rest: text}
	return m.part(0)
}

type meter struct {
	rest  []byte
	parts int
}

// part passes over one value with all that is in it.
func (m *meter) part(depth int) error {
	if m.parts++; m.parts > maxParts {
		return fmt.Errorf("it has more than %d parts", maxParts)
	}
	if depth > maxDepth {
		return fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	if len(m.rest) == 0 {
		return nil
	}
	c := m.rest[0]
	m.skip(1)
	switch {
	case c <= 0x7f || c >= 0xe0: // a small number
	case c <= 0x8f:
		return m.several(2*int(c&0x0f), depth)
	case c <= 0x9f:
		return m.several(int(c&0x0f), depth)
	case c <= 0xbf:
		m.skip(int(c & 0x1f))
	default:
		return m.long(c, depth)
	}
	return nil
}

// fixed is how many bytes follow the codes that have always as many.
var fixed = map[byte]int{0xca: 4, 0xcb: 8, 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, 0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8,
	0xd4: 2, 0xd5: 3, 0xd6: 5, 0xd7: 9, 0xd8: 17}

// long passes over what begins with a code of a byte.
func (m *meter) long(c byte, depth int) error {
	switch c {
	case 0xc4, 0xd9: // bytes and texts, by the size of their length
		m.skip(m.number(1))
	case 0xc5, 0xda:
		m.skip(m.number(2))
	case 0xc6, 0xdb:
		m.skip(m.number(4))
	case 0xc7: // an extension has a byte for its type
		m.skip(m.number(1) + 1)
	case 0xc8:
		m.skip(m.number(2) + 1)
	case 0xc9:
		m.skip(m.number(4) + 1)
	case 0xdc:
		return m.several(m.number(2), depth)
	case 0xdd:
		return m.several(m.number(4), depth)
	case 0xde:
		return m.several(2*m.number(2), depth)
	case 0xdf:
		return m.several(2*m.number(4), depth)
	default:
		m.skip(fixed[c])
	}
	return nil
}

func (m *meter) several(n, depth int) error {
	for range n {
		if err := m.part(depth + 1); err != nil || len(m.rest) == 0 {
			return err
		}
	}
	return nil
}

func (m *meter) skip(n int) { m.rest = m.rest[min(n, len(m.rest)):] }

// number reads a number of that many bytes, the highest first.
func (m *meter) number(bytes int) int {
	var all [8]byte
	copy(all[8-bytes:], m.rest[:min(bytes, len(m.rest))])
	m.skip(bytes)
	return int(binary.BigEndian.Uint64(all[:]))
}
