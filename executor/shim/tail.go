package shim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// maxLine is where a longer line is cut in two, in bytes.
const maxLine = 1 << 20

// tailBlock is how much of a file Tail reads at a time.
const tailBlock = 32 << 10

// Tail returns the last n lines that the app in dir wrote, oldest first, without their line ends. Of a line without
// end what is there counts. There may be fewer, or none, and no log at all is not an error.
func Tail(dir string, n int) ([]string, error) {
	var end []byte // what was read so far: the end of the output
	missing := 0   // one number is free while files are renamed, or since that was cut off
	for number := 0; bytes.Count(end, []byte("\n")) <= n && len(end) < maxLine+tailBlock*n; number++ {
		more, err := tailOf(logPath(dir, number), n-bytes.Count(end, []byte("\n")))
		if errors.Is(err, fs.ErrNotExist) {
			if missing++; missing > 1 {
				break
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the log in %s: %w", dir, err)
		}
		end = append(more, end...)
	}
	return lastLines(end, n), nil
}

func lastLines(end []byte, n int) []string {
	end = bytes.TrimSuffix(end, []byte("\n"))
	if len(end) == 0 || n <= 0 {
		return nil
	}
	lines := bytes.Split(end, []byte("\n"))
	lines = lines[max(0, len(lines)-n):]
	texts := make([]string, len(lines))
	for i, line := range lines {
		texts[i] = string(line)
	}
	return texts
}

// tailOf returns the end of a file, so much that it holds more than n line ends if the file does and the lines are
// of a decent length.
func tailOf(path string, n int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	at, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	var end []byte
	for at > 0 && bytes.Count(end, []byte("\n")) <= n && len(end) < maxLine+tailBlock*n {
		size := min(at, tailBlock)
		at -= size
		block := make([]byte, size, int(size)+len(end))
		if _, err := f.ReadAt(block, at); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		end = append(block, end...)
	}
	return end, nil
}

// logPath returns the path of the log that is number files old.
func logPath(dir string, number int) string {
	path := filepath.Join(dir, protocol.LogFile)
	if number > 0 {
		path += "." + strconv.Itoa(number)
	}
	return path
}
