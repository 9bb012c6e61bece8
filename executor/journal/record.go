package journal

import "math"

// appendEntry adds a payload to the body of a record.
func appendEntry(body, payload []byte) []byte {
	body = order.AppendUint32(body, uint32(len(payload)))
	return append(body, payload...)
}

// sealRecord fills in the header of a record whose first bytes were left free for it.
func sealRecord(o origin, record []byte, sequence uint64) {
	order.PutUint32(record, uint32(len(record)-recordHeader))
	order.PutUint64(record[8:], sequence)
	o.seal(record, checksumInRecord)
}

// record is one record found in a log.
type record struct {
	sequence uint64
	end      int64
	entries  [][]byte // parts of the file's content
}

// recordAt reads the record that begins at an offset of the log's content, if there is a valid one.
func recordAt(o origin, content []byte, at int64) (record, bool) {
	rest := content[at:]
	if len(rest) < recordHeader {
		return record{}, false
	}
	length := int64(order.Uint32(rest))
	if length < entryHeader || length > int64(len(rest)-recordHeader) {
		return record{}, false
	}
	rest = rest[:recordHeader+length]
	if !o.sealed(rest, checksumInRecord) {
		return record{}, false
	}
	entries, ok := splitEntries(rest[recordHeader:])
	return record{order.Uint64(rest[8:]), at + recordHeader + length, entries}, ok
}

func splitEntries(body []byte) ([][]byte, bool) {
	var entries [][]byte
	for len(body) > 0 {
		if len(body) < entryHeader {
			return nil, false
		}
		n := int64(order.Uint32(body)) + entryHeader
		if n > int64(len(body)) {
			return nil, false
		}
		entries = append(entries, body[entryHeader:n:n])
		body = body[n:]
	}
	return entries, true
}

// recordAfter looks at every offset from at on for a valid record with a higher sequence number than the last good one.
func recordAfter(o origin, content []byte, at int64, last uint64) (int64, bool) {
	// The sequence number is compared first, which leaves almost nothing to sum: no more records than fit can follow.
	highest := last + uint64(len(content))/(recordHeader+entryHeader) + 1
	if highest < last {
		highest = math.MaxUint64
	}
	for ; at <= int64(len(content))-recordHeader; at++ {
		sequence := order.Uint64(content[at+8:])
		if sequence <= last || sequence > highest {
			continue
		}
		if _, ok := recordAt(o, content, at); ok {
			return at, true
		}
	}
	return 0, false
}
