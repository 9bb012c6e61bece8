package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// sumsDir holds a file <key> for each entry: what the entry held when it was made.
//
//	recipe sums 1
//	KIND PAYLOAD "PATH"       one line for each thing below the entry, ordered by path; KIND and PAYLOAD as in HashTree, the
//	…                         payload in hexadecimal, "-" for none; PATH as strconv.Quote writes it
//	end SHA256                of all lines before
//
// It is durable before the entry appears. An entry without one counts as damaged.
const sumsDir = ".sums"

const (
	sumsHead = "recipe sums 1\n"
	sumsEnd  = "end "
)

// Damage is what differs from how an entry was made.
type Damage struct {
	Key  string
	Path string // the first thing that differs, absolute
	What string // "was changed", "is missing", "was added", "cannot be read"
}

func (d *Damage) Error() string {
	return fmt.Sprintf("damaged: %s %s since it was put into the store", d.Path, d.What)
}

// sum is one thing of an entry with its payload.
type sum struct {
	Entry
	payload string
}

// sumsOf reads all of the directory, with as many readers as there are processors. What cannot be read is a *Damage.
func sumsOf(ctx context.Context, dir string) ([]sum, error) {
	files := os.DirFS(dir)
	entries, err := List(files, nil)
	if err != nil {
		return nil, err
	}
	sums := make([]sum, len(entries))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			payload, err := e.payload(files)
			if err != nil {
				return &Damage{Path: filepath.Join(dir, filepath.FromSlash(e.Path)), What: "cannot be read"}
			}
			sums[i] = sum{e, string(payload)}
			return nil
		})
	}
	return sums, group.Wait()
}

// encodeSums is the content of the file of an entry.
func encodeSums(sums []sum) []byte {
	var b bytes.Buffer
	b.WriteString(sumsHead)
	for _, s := range sums {
		payload := "-"
		if s.payload != "" {
			payload = hex.EncodeToString([]byte(s.payload))
		}
		fmt.Fprintf(&b, "%c %s %s\n", s.Kind, payload, strconv.Quote(s.Path))
	}
	fmt.Fprintf(&b, "%s%x\n", sumsEnd, sha256.Sum256(b.Bytes()))
	return b.Bytes()
}

// decodeSums is the inverse of encodeSums; anything else is an error.
func decodeSums(text []byte) ([]sum, error) {
	at := bytes.LastIndex(text, []byte("\n"+sumsEnd)) + 1
	if at == 0 || string(text[at:]) != fmt.Sprintf("%s%x\n", sumsEnd, sha256.Sum256(text[:at])) {
		return nil, errors.New("it does not have the digest that it ends with")
	}
	body, ok := strings.CutPrefix(string(text[:at]), sumsHead)
	if !ok {
		return nil, errors.New("it is of another version")
	}
	var sums []sum
	for line := range strings.Lines(body) {
		s, err := decodeSum(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		sums = append(sums, s)
	}
	return sums, nil
}

func decodeSum(line string) (s sum, err error) {
	fields := strings.SplitN(line, " ", 3)
	if len(fields) != 3 || len(fields[0]) != 1 {
		return s, fmt.Errorf("%q is no line of it", line)
	}
	s.Kind = fields[0][0]
	if fields[1] != "-" {
		payload, err := hex.DecodeString(fields[1])
		if err != nil {
			return s, err
		}
		s.payload = string(payload)
	}
	s.Path, err = strconv.Unquote(fields[2])
	return s, err
}

// firstDifference returns the first path at which the two, both ordered by path, differ, and how; "" if nowhere.
func firstDifference(made, found []sum) (path, what string) {
	for i := 0; ; i++ {
		switch {
		case i == len(made) && i == len(found):
			return "", ""
		case i == len(made) || i < len(found) && found[i].Path < made[i].Path:
			return found[i].Path, "was added"
		case i == len(found) || made[i].Path < found[i].Path:
			return made[i].Path, "is missing"
		case made[i] != found[i]:
			return made[i].Path, "was changed"
		}
	}
}

// ErrOther is the error of Add for the key of a tree when what was filled in is another tree. Nothing of it appears.
var ErrOther = errors.New("these are not the files that they have to be")

// writeSums makes the file of an entry that lies in dir durable.
func (s *Store) writeSums(ctx context.Context, key, dir string) error {
	sums, err := sumsOf(ctx, dir)
	if err != nil {
		return err
	}
	if digest, ok := strings.CutPrefix(key, treePrefix); ok && digest != treeDigest(sums) {
		return ErrOther
	}
	fresh := s.workPath("sums-", key)
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(encodeSums(sums))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(fresh, s.sumsPath(key)); err != nil {
		return err
	}
	return syncDir(filepath.Join(s.dir, sumsDir))
}

func (s *Store) sumsPath(key string) string { return filepath.Join(s.dir, sumsDir, key) }

// Verify reads all of an entry and returns a *Damage when it is not what was put there, fs.ErrNotExist when it is
// not there.
func (s *Store) Verify(ctx context.Context, key string) error {
	path, ok := s.Path(key)
	if !ok {
		return fmt.Errorf("%s is not in the store: %w", key, fs.ErrNotExist)
	}
	now, unmarked := s.mark(key)
	err := s.verify(ctx, key, path)
	s.seen.put(key, now, err == nil && unmarked == nil)
	return err
}

func (s *Store) verify(ctx context.Context, key, path string) error {
	file := s.sumsPath(key)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return &Damage{Key: key, Path: file, What: "is missing"}
	}
	if err != nil {
		return &Damage{Key: key, Path: file, What: "cannot be read"}
	}
	made, err := decodeSums(text)
	if err != nil {
		return &Damage{Key: key, Path: file, What: "was changed"}
	}
	found, err := sumsOf(ctx, path)
	var damage *Damage
	if errors.As(err, &damage) {
		damage.Key = key
	}
	if err != nil {
		return err
	}
	if at, what := firstDifference(made, found); what != "" {
		return &Damage{Key: key, Path: filepath.Join(path, filepath.FromSlash(at)), What: what}
	}
	if digest, ok := strings.CutPrefix(key, treePrefix); ok && digest != treeDigest(found) {
		return &Damage{Key: key, Path: file, What: "was changed"}
	}
	return nil
}

// Sound is Path for an entry that is as it was made: it was verified in this process, and by what the file system
// says nothing was written to since; otherwise it is verified now.
func (s *Store) Sound(ctx context.Context, key string) (path string, err error) {
	path, ok := s.Path(key)
	if !ok {
		return "", fmt.Errorf("%s is not in the store: %w", key, fs.ErrNotExist)
	}
	if now, err := s.mark(key); err == nil && s.seen.has(key, now) {
		return path, nil
	}
	return path, s.Verify(ctx, key)
}
