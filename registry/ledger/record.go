package ledger

import (
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Record says that a tag of a repository was put on a manifest.
type Record struct {
	Repository, Tag string
	Digest          digest.Digest
}

// line is the record as it is in the log.
func (r Record) line() string { return fmt.Sprintf("%s %s %s\n", r.Repository, r.Tag, r.Digest) }

// parseRecord reads a line without its newline.
func parseRecord(line string) (Record, error) {
	parts := strings.Split(line, " ")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || digest.Digest(parts[2]).Validate() != nil {
		return Record{}, fmt.Errorf("%q is no record of a log", line)
	}
	return Record{parts[0], parts[1], digest.Digest(parts[2])}, nil
}

// parseTile reads the records of a tile.
func parseTile(text []byte) ([]Record, error) {
	lines, ok := strings.CutSuffix(string(text), "\n")
	if !ok {
		return nil, fmt.Errorf("a tile of the log ends within a record")
	}
	var records []Record
	for line := range strings.SplitSeq(lines, "\n") {
		r, err := parseRecord(line)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

// tile is the text of the tile with this number, from 0.
func (l *Log) tile(number int) string {
	var b strings.Builder
	for _, r := range l.Records[number*perTile : min((number+1)*perTile, len(l.Records))] {
		b.WriteString(r.line())
	}
	return b.String()
}
