package ledger

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"
	"golang.org/x/mod/sumdb/tlog"
)

// perTile is how many records a full tile has.
const perTile = 256

// Head stands for a log as it was at some time. The zero value is that of a log without records.
type Head struct {
	Size int64
	Root tlog.Hash
	Key  string // the public key of who signed it, as the note package writes it
}

// String is the head as people compare it: SIZE:ROOT, the root in base64.
func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Size, h.Root) }

// ParseHead reads what String writes.
func ParseHead(s string) (h Head, err error) {
	size, root, ok := strings.Cut(s, ":")
	h.Size, err = strconv.ParseInt(size, 10, 64)
	if ok && err == nil {
		h.Root, err = tlog.ParseHash(root)
	}
	if !ok || err != nil || h.Size < 0 {
		return Head{}, fmt.Errorf("%q is not the head of a log, which looks like 12: and 44 characters", s)
	}
	return h, nil
}

// Log is all records of a registry in their order. It is not changed once it is made, and safe for concurrent use.
type Log struct {
	Head    Head
	Records []Record

	hashes []tlog.Hash // in the order of tlog.StoredHashIndex
	first  map[place]digest.Digest
	last   map[place]digest.Digest
	tags   map[string][]string // by repository
}

// place is a tag of a repository.
type place struct{ repository, tag string }

// build works out the tree over the records.
func build(records []Record) (*Log, error) {
	l := &Log{Records: records, first: map[place]digest.Digest{}, last: map[place]digest.Digest{}, tags: map[string][]string{}}
	for n, r := range records {
		more, err := tlog.StoredHashes(int64(n), []byte(r.line()), l)
		if err != nil {
			return nil, err
		}
		l.hashes = append(l.hashes, more...)
		at := place{r.Repository, r.Tag}
		if _, ok := l.first[at]; !ok {
			l.first[at] = r.Digest
			l.tags[r.Repository] = append(l.tags[r.Repository], r.Tag)
		}
		l.last[at] = r.Digest
	}
	var err error
	l.Head, err = l.At(int64(len(records)))
	return l, err
}

// ReadHashes is for tlog.
func (l *Log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(l.hashes)) {
			return nil, errors.New("internal error: the log is asked for a hash that it does not have")
		}
		list[i] = l.hashes[index]
	}
	return list, nil
}

// At is the head that the log had when it had that many records, without the key.
func (l *Log) At(size int64) (Head, error) {
	if size == 0 {
		return Head{}, nil
	}
	root, err := tlog.TreeHash(size, l)
	return Head{Size: size, Root: root}, err
}

// Extends reports whether the log began as the one that the older head stands for. The error tells how it did not.
func (l *Log) Extends(old Head) error {
	if l.Head.Size < old.Size {
		return &Fork{Old: old, New: l.Head}
	}
	then, err := l.At(old.Size)
	if err != nil {
		return err
	}
	if then.Root != old.Root {
		return &Fork{Old: old, New: l.Head}
	}
	return nil
}

// Fork says that a log does not go on from an older head.
type Fork struct{ Old, New Head }

func (f *Fork) Error() string {
	if f.New.Size < f.Old.Size {
		return fmt.Sprintf("its log is an older one: it has %d records, and there were %d", f.New.Size, f.Old.Size)
	}
	return fmt.Sprintf("its log was rewritten, or is another one: its first %d records are not those of the head %s", f.Old.Size, f.Old)
}

// First is what a tag was put on first, "" if never: of a version that counts, since it never changes.
func (l *Log) First(repository, tag string) digest.Digest { return l.first[place{repository, tag}] }

// Last is what a tag was put on last, "" if never: of a status that counts.
func (l *Log) Last(repository, tag string) digest.Digest { return l.last[place{repository, tag}] }

// Tags lists the tags of a repository that the log has, each once, in the order in which they were first put.
func (l *Log) Tags(repository string) []string { return l.tags[repository] }
