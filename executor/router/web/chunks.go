package web

// chunks finds the end of a body in chunks (RFC 9112, 7.1) that goes by in pieces. It is strict: what two readers could
// understand in two ways is an error.
type chunks struct {
	state  int
	size   int64 // of the chunk, and what is left of it
	digits int
	line   int // bytes of the line that is being read
}

// The states, in the order in which a chunk passes through them.
const (
	chunkSize    = iota // in the digits
	chunkMore           // in an extension
	chunkLF             // before the LF of the size
	chunkData           // in the data
	chunkDataCR         // before the CR after the data
	chunkDataLF         // before the LF after the data
	trailerBegin        // at the begin of a line of the trailer
	trailerLine         // within one
	trailerLF           // before its LF
	trailerEnd          // before the last LF
	chunksDone
)

const longestLine = 4096 // bytes of a size with its extensions, or of a line of the trailer

// feed takes the next piece. It returns how much of it belongs to the body, and whether the body has ended there.
func (c *chunks) feed(b []byte) (n int, done bool, err error) {
	for n < len(b) {
		if c.state == chunkData {
			take := min(int64(len(b)-n), c.size)
			n += int(take)
			if c.size -= take; c.size == 0 {
				c.state = chunkDataCR
			}
			continue
		}
		if !c.step(b[n]) {
			return n, false, errBadReply
		}
		n++
		if c.state == chunksDone {
			return n, true, nil
		}
	}
	return n, false, nil
}

// step takes one byte outside of the data.
func (c *chunks) step(b byte) bool {
	if c.line++; c.line > longestLine {
		return false
	}
	switch c.state {
	case chunkSize:
		return c.sizeByte(b)
	case chunkMore:
		if b == '\r' {
			c.state = chunkLF
			return true
		}
		return text[b]
	case chunkLF:
		c.line, c.state = 0, chunkData
		if c.size == 0 {
			c.state = trailerBegin
		}
		return b == '\n'
	case chunkDataCR:
		c.line, c.state = 0, chunkDataLF
		return b == '\r'
	case chunkDataLF:
		c.digits, c.state = 0, chunkSize
		return b == '\n'
	case trailerBegin:
		if b == '\r' {
			c.state = trailerEnd
			return true
		}
		c.state = trailerLine
		return token[b]
	case trailerLine:
		if b == '\r' {
			c.state = trailerLF
			return true
		}
		return text[b]
	case trailerLF:
		c.line, c.state = 0, trailerBegin
		return b == '\n'
	case trailerEnd:
		c.state = chunksDone
		return b == '\n'
	}
	return false
}

func (c *chunks) sizeByte(b byte) bool {
	digit := int64(-1)
	switch {
	case '0' <= b && b <= '9':
		digit = int64(b - '0')
	case 'a' <= b|0x20 && b|0x20 <= 'f':
		digit = int64(b|0x20-'a') + 10
	}
	switch {
	case digit >= 0 && c.digits < 15:
		c.size, c.digits = 16*c.size+digit, c.digits+1
		return true
	case c.digits > 0 && b == '\r':
		c.state = chunkLF
		return true
	case c.digits > 0 && b == ';':
		c.state = chunkMore
		return true
	}
	return false
}
