package web

import (
	"encoding/binary"
	"io"
	"net/http"
)

// prefixSize is how many bytes go before a message of gRPC: whether it is compressed, and its length in four, big-endian.
const prefixSize = 5

// messages is the body of a call of gRPC. It bounds each message, and not how many there are.
type messages struct {
	io.ReadCloser
	most int64 // bytes of a message

	prefix [prefixSize]byte
	got    int   // bytes of prefix
	left   int64 // of a message
	err    error // that of a message that is too long
}

// Read implements io.Reader. It fails with a *http.MaxBytesError.
func (m *messages) Read(b []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.ReadCloser.Read(b)
	for at := 0; at < n; {
		if m.left > 0 {
			take := min(int64(n-at), m.left)
			at += int(take)
			m.left -= take
			continue
		}
		took := copy(m.prefix[m.got:], b[at:n])
		at += took
		if m.got += took; m.got < prefixSize {
			break
		}
		m.got, m.left = 0, int64(binary.BigEndian.Uint32(m.prefix[1:]))
		if m.left > m.most {
			m.err = &http.MaxBytesError{Limit: m.most}
			return at, m.err
		}
	}
	return n, err
}
