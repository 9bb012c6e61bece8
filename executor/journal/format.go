package journal

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	version       = 1
	logMagic      = "RCPJLOG\n"
	snapshotMagic = "RCPSNAP\n"

	snapshotHeader = 48
	logHeader      = 512
	markSize       = 512
	logStart       = logHeader + 2*markSize // offset of the first record
	recordHeader   = 16
	entryHeader    = 4

	checksumInHeader = 12
	checksumInMark   = 16
	checksumInRecord = 4
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	order      = binary.LittleEndian
)

// origin is what tells the bytes of one log from those of any other.
type origin struct{ id, epoch uint64 }

// checksum sums b as if the four bytes at the given offset were zero.
func (o origin) checksum(b []byte, at int) uint32 {
	var seed [16]byte
	order.PutUint64(seed[:], o.id)
	order.PutUint64(seed[8:], o.epoch)
	sum := crc32.Update(0, castagnoli, seed[:])
	sum = crc32.Update(sum, castagnoli, b[:at])
	sum = crc32.Update(sum, castagnoli, make([]byte, 4))
	return crc32.Update(sum, castagnoli, b[at+4:])
}

func (o origin) seal(b []byte, at int) { order.PutUint32(b[at:], o.checksum(b, at)) }

func (o origin) sealed(b []byte, at int) bool { return order.Uint32(b[at:]) == o.checksum(b, at) }

// header is what both files begin with.
type header struct {
	origin
	sequence uint64 // the last record that the snapshot covers
}

func (h header) put(b []byte, magic string) {
	copy(b, magic)
	order.PutUint32(b[8:], version)
	order.PutUint64(b[16:], h.id)
	order.PutUint64(b[24:], h.epoch)
	order.PutUint64(b[32:], h.sequence)
}

func getHeader(b []byte) header {
	return header{origin{order.Uint64(b[16:]), order.Uint64(b[24:])}, order.Uint64(b[32:])}
}

// checkHeader reads and checks the header of file, whose checksum covers all of b.
func checkHeader(file string, b []byte, magic string) (header, error) {
	if string(b[:len(magic)]) != magic {
		return header{}, damaged(file, 0, "it does not begin as a journal file does")
	}
	h := getHeader(b)
	if !h.sealed(b, checksumInHeader) {
		return header{}, damaged(file, checksumInHeader, "wrong checksum")
	}
	if v := order.Uint32(b[8:]); v != version {
		return header{}, versionError(file, v)
	}
	return h, nil
}

func encodeSnapshot(h header, content []byte) []byte {
	b := make([]byte, snapshotHeader, snapshotHeader+len(content))
	h.put(b, snapshotMagic)
	order.PutUint64(b[40:], uint64(len(content)))
	b = append(b, content...)
	h.seal(b, checksumInHeader)
	return b
}

func decodeSnapshot(file string, b []byte) (header, []byte, error) {
	if len(b) < snapshotHeader {
		return header{}, nil, damaged(file, int64(len(b)), "it ends within its header")
	}
	h, err := checkHeader(file, b, snapshotMagic)
	if err != nil {
		return header{}, nil, err
	}
	content := b[snapshotHeader:]
	if order.Uint64(b[40:]) != uint64(len(content)) || h.epoch == 0 || h.epoch == 1 && len(b) > snapshotHeader {
		return header{}, nil, damaged(file, 40, "wrong length")
	}
	return h, content, nil
}

// mark says up to where a log is acknowledged.
type mark struct {
	sequence uint64
	end      int64
}

func (m mark) encode(o origin) []byte {
	b := make([]byte, markSize)
	order.PutUint64(b, m.sequence)
	order.PutUint64(b[8:], uint64(m.end))
	o.seal(b, checksumInMark)
	return b
}

// encodeLog returns a log that ends with the given records, all of them acknowledged.
func encodeLog(h header, last mark, records []byte) []byte {
	b := make([]byte, logHeader, logStart+len(records))
	h.put(b, logMagic)
	h.seal(b, checksumInHeader)
	m := last.encode(h.origin)
	b = append(append(b, m...), m...)
	return append(b, records...)
}

// start is the mark of a log without records.
func (h header) start() mark { return mark{h.sequence, logStart} }
