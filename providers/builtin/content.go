package builtin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// mostShown is the size in bytes up to which foreign content is reported as text.
const mostShown = 1 << 20

// fileAttributes are the attributes of a file or template, checked.
type fileAttributes struct {
	content func() (io.ReadCloser, error)
	mode    fs.FileMode
	owner   int // -1 for none
}

func parseFile(wanted cty.Value) (fileAttributes, error) {
	mode, err := parseMode(wanted)
	if err != nil {
		return fileAttributes{}, err
	}
	owner, err := parseOwner(wanted)
	if err != nil {
		return fileAttributes{}, err
	}
	source := ""
	if wanted.Type().HasAttribute("source") {
		source = text(wanted, "source")
	}
	switch {
	case isSet(wanted, "content") == (source != ""):
		return fileAttributes{}, wrong("content", "or \"source\" has to be set, and only one of them")
	case source != "" && !filepath.IsAbs(source):
		return fileAttributes{}, wrong("source", "must be an absolute path")
	}
	return fileAttributes{content: contentOf(wanted, source), mode: mode, owner: owner}, nil
}

func contentOf(wanted cty.Value, source string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		if source == "" {
			return io.NopCloser(strings.NewReader(text(wanted, "content"))), nil
		}
		f, err := os.Open(source)
		if err != nil {
			return nil, fmt.Errorf("cannot open the source: %w", err)
		}
		return f, nil
	}
}

// readContent returns object unchanged if the file has the content that it asks for. Otherwise it puts the real text
// into "content", or null if it is no text or too long, and takes away "source".
func readContent(root *os.Root, p place, object cty.Value) (cty.Value, error) {
	f, err := root.Open(p.name)
	if err != nil {
		return object, err
	}
	defer f.Close()
	if sameContent(object, f) {
		return object, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return object, err
	}
	real, err := io.ReadAll(io.LimitReader(f, mostShown+1))
	if err != nil {
		return object, fmt.Errorf("cannot read %s: %w", p.path(), err)
	}
	shown := cty.NullVal(cty.String)
	if len(real) <= mostShown && utf8.Valid(real) {
		shown = cty.StringVal(string(real))
	}
	object = with(object, "content", shown)
	if object.Type().HasAttribute("source") {
		object = with(object, "source", cty.NullVal(cty.String))
	}
	return object, nil
}

// sameContent reports whether the file holds what object asks for. A source that is gone makes a difference.
func sameContent(object cty.Value, f io.Reader) bool {
	attributes, err := parseFile(object)
	if err != nil {
		return false
	}
	want, err := attributes.content()
	if err != nil {
		return false
	}
	defer want.Close()
	return equalStreams(want, f)
}

func equalStreams(a, b io.Reader) bool {
	bufferA, bufferB := make([]byte, 32<<10), make([]byte, 32<<10)
	for {
		n, errA := io.ReadFull(a, bufferA)
		m, errB := io.ReadFull(b, bufferB)
		if n != m || !bytes.Equal(bufferA[:n], bufferB[:m]) {
			return false
		}
		if errA != nil || errB != nil {
			return ended(errA) && ended(errB)
		}
	}
}

func ended(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }

// temporary is the name beside the place under which its new content grows. It is always the same, so that the next
// write or deletion takes away what a crash left.
func (p place) temporary() string {
	return filepath.Join(filepath.Dir(p.name), "."+filepath.Base(p.name)+".new")
}

// replace writes a new file beside the place, makes it durable, and renames it.
func (p place) replace(ctx context.Context, root *os.Root, a fileAttributes) error {
	temporary := p.temporary()
	err := root.Remove(temporary)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = writeNew(ctx, root, temporary, a)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = root.Rename(temporary, p.name)
	}
	if err != nil {
		_ = root.Remove(temporary) // it is in nobody's way; the first error says more
		return fmt.Errorf("cannot write %s: %w", p.path(), err)
	}
	return syncDir(root, filepath.Dir(p.name))
}

// writeNew writes and syncs a file that must not exist.
func writeNew(ctx context.Context, root *os.Root, name string, a fileAttributes) error {
	content, err := a.content()
	if err != nil {
		return err
	}
	defer content.Close()
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(fill(ctx, f, content, a), f.Close())
}

func fill(ctx context.Context, f *os.File, content io.Reader, a fileAttributes) error {
	if _, err := io.Copy(f, stoppable{ctx, content}); err != nil {
		return err
	}
	if a.owner >= 0 {
		if err := f.Chown(a.owner, -1); err != nil {
			return err
		}
	}
	if err := f.Chmod(a.mode); err != nil { // after Chown, which may take bits away; OpenFile's mode is cut by the umask
		return err
	}
	return f.Sync()
}

// stoppable is a reader that ends with an error when ctx does.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// replaceFile durably writes a small private file.
func replaceFile(root *os.Root, name string, content []byte) error {
	p := place{base: root.Name(), name: name}
	return p.replace(context.Background(), root, fileAttributes{
		content: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
		mode:    0o600,
		owner:   -1,
	})
}
