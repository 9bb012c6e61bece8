package deb

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/builtin/unpack"
	"github.com/nsynapse/recipe/providers/sdk"
)

// index is the list of packages of one component of a source, with only the fields that are of use here. A suite of
// 64 000 packages is 49 MB of text and takes seconds to decompress from xz; what is kept of it is far less, and it is
// cached beside the downloads.
type index struct {
	uris         []string // what Filename is relative to
	notAutomatic bool
	origin       string // who publishes it, as its Release file says, with suite and component
	text         string
}

// Bounds against a source that lists more than any real one has, in bytes.
const (
	indexLimit = 1 << 30
	lineLimit  = 4 << 20
)

var usefulFields = map[string]bool{
	"Package": true, "Version": true, "Architecture": true, "Depends": true, "Pre-Depends": true, "Provides": true,
	"Essential": true, "Priority": true, "Filename": true, "Size": true, "SHA256": true, "Installed-Size": true,
}

// readIndexes gets the package lists of the source that its Release file vouches for.
func (l *loader) readIndexes(ctx context.Context, s *source, r *release, report sdk.Report) ([]*index, error) {
	var all []*index
	for _, dir := range l.indexDirs(s, r) {
		name, file, ok := r.index(dir)
		if !ok {
			return nil, fmt.Errorf("its Release file lists no Packages for %s", path.Join(dir, l.architecture))
		}
		text, err := l.readIndex(ctx, s, r, name, file, report)
		if err != nil {
			return nil, err
		}
		uris := s.uris
		if len(s.components) == 0 {
			uris = make([]string, len(s.uris))
			for i, uri := range s.uris {
				uris[i] = s.dir(uri)
			}
		}
		all = append(all, &index{uris, r.notAutomatic, s.origin(r, dir), text})
	}
	return all, nil
}

func (l *loader) indexDirs(s *source, r *release) []string {
	if len(s.components) == 0 {
		return []string{""}
	}
	var dirs []string
	for _, c := range s.components {
		dirs = append(dirs, c+"/binary-"+l.architecture)
		if _, _, ok := r.index(c + "/binary-all"); ok && r.allApart {
			dirs = append(dirs, c+"/binary-all")
		}
	}
	return dirs
}

// index finds the smallest form of the list in the directory.
func (r *release) index(dir string) (name string, file listed, ok bool) {
	for _, form := range []string{"Packages.xz", "Packages.gz", "Packages"} {
		name := path.Join(dir, form)
		if file, ok := r.files[name]; ok {
			return name, file, true
		}
	}
	return "", listed{}, false
}

func (l *loader) readIndex(ctx context.Context, s *source, r *release, name string, file listed, report sdk.Report) (string, error) {
	cache := filepath.Join(l.fetcher.Dir(), file.sha256+".packages")
	if text, err := readCompact(cache); err == nil {
		return text, nil
	}
	request := fetch.Request{SHA256: file.sha256, Size: file.size, Limit: indexLimit, Name: s.suite + " " + name}
	for _, uri := range s.uris {
		if r.byHash { // the plain name may be a newer state already
			request.URLs = append(request.URLs, s.dir(uri)+"/"+path.Join(path.Dir(name), "by-hash/SHA256", file.sha256))
		}
		request.URLs = append(request.URLs, s.dir(uri)+"/"+name)
	}
	path, err := l.fetcher.Fetch(ctx, request, report)
	if err != nil {
		return "", err
	}
	compact, err := makeCompact(path, file.sha256)
	if err != nil {
		return "", fmt.Errorf("cannot read %s: %w", name, err)
	}
	if err := writeAtOnce(cache, compact); err != nil {
		return "", err
	}
	return readCompact(cache)
}

// makeCompact reads the list at the path, once it is verified, and returns its useful fields, compressed.
func makeCompact(path, digest string) (compact []byte, err error) {
	file, err := fetch.OpenVerified(path, digest)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	plain, err := unpack.Decompress(file)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	var out bytes.Buffer
	compressed, err := zstd.NewWriter(&out, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(io.LimitReader(plain, indexLimit))
	lines.Buffer(make([]byte, 1<<16), lineLimit)
	useful := false
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) > 0 && line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			useful = usefulFields[string(name)]
		}
		if useful || len(line) == 0 {
			// The last write's error is Close's.
			compressed.Write(line)
			compressed.Write([]byte("\n"))
		}
	}
	err = errors.Join(lines.Err(), compressed.Close()) // first, for Close writes the end of out
	return out.Bytes(), err
}

// readCompact reads what makeCompact made; the compression's checksum tells a damaged file.
func readCompact(path string) (string, error) {
	compact, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(indexLimit))
	if err != nil {
		return "", err
	}
	defer decoder.Close()
	text, err := decoder.DecodeAll(compact, nil)
	return string(text), err
}

// writeAtOnce puts a cache file in place for readers in other processes. It may be lost in a crash.
func writeAtOnce(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return err
}

// each calls visit for every paragraph of the list.
func (x *index) each(visit func(text string)) {
	for rest := x.text; rest != ""; {
		var text string
		text, rest, _ = strings.Cut(rest, "\n\n")
		if text != "" {
			visit(text)
		}
	}
}

// field returns the value of a one-line field of a paragraph, without parsing the rest; "" if there is none.
func field(text, name string) string {
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return ""
		}
		start := at + i
		at = start + len(name)
		if (start == 0 || text[start-1] == '\n') && at < len(text) && text[at] == ':' {
			value, _, _ := strings.Cut(text[at+1:], "\n")
			return strings.TrimSpace(value)
		}
	}
}
