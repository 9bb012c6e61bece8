package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// Messages are found in whichever pieces a body comes, and nothing of one that is too long is passed on but its prefix.
func TestMessages(t *testing.T) {
	const body = "\x00\x00\x00\x00\x03abc\x00\x00\x00\x00\x00\x01\x00\x00\x00\x05abcde\x00\x00\x00\x00\x06abcdef\x00\x00\x00\x00\x00"
	for name, pieces := range map[string]func(io.Reader) io.Reader{
		"at once": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader, "halves": iotest.HalfReader, "with its end": iotest.DataErrReader,
	} {
		for most, want := range map[int64]string{6: body, 5: body[:strings.Index(body, "abcdef")], 2: body[:prefixSize]} {
			m := &messages{ReadCloser: io.NopCloser(pieces(strings.NewReader(body))), most: most}
			var got bytes.Buffer
			_, err := got.ReadFrom(m)
			var tooLarge *http.MaxBytesError
			if got.String() != want || errors.As(err, &tooLarge) != (want != body) {
				t.Errorf("%s, at most %d: got %q, %v; want %q", name, most, got.String(), err, want)
			}
		}
	}
}
