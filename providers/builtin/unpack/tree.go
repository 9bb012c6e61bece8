package unpack

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// maxEntries bounds what one archive may hold.
const maxEntries = 1 << 20

// Limits says how an archive is taken.
type Limits struct {
	Bytes int64 // the most that all its files may have together
	Strip int   // leading parts of each name that are dropped; entries with no more parts than that are left out
	// Rooted reads an absolute link target as one from the top of the tree, as in the packages of a distribution;
	// without it an absolute link is refused.
	Rooted bool
}

// Tree is a directory that archives are unpacked into. Several may be unpacked at the same time.
type Tree struct {
	root *os.Root

	mu    sync.Mutex
	dirs  map[string]bool // directories that are known to be real ones
	links []string        // where links were made
}

// Open opens the directory, which exists and is empty.
func Open(dir string) (*Tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Tree{root: root, dirs: map[string]bool{".": true}}, nil
}

// Close lets go of the directory.
func (t *Tree) Close() error { return t.root.Close() }

// CheckLinks follows every link now that the tree is complete and fails if one leads out of it. A look at the text of
// a link is not enough: what it goes through may be a link itself. Links to nothing are no error.
func (t *Tree) CheckLinks() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range t.links {
		if _, err := t.root.Stat(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("link %s cannot be followed inside the tree: %w", name, err)
		}
	}
	return nil
}

// budget is what is left of the limits of one archive.
type budget struct {
	Limits
	entries int
}

// name returns where an entry goes, or "" if it is left out.
func (b *budget) name(raw string) (string, error) {
	if b.entries++; b.entries > maxEntries {
		return "", fmt.Errorf("the archive has more than %d entries", maxEntries)
	}
	if strings.HasPrefix(raw, "/") {
		return "", fmt.Errorf("%q is an absolute name", raw)
	}
	parts := strings.FieldsFunc(raw, func(r rune) bool { return r == '/' })
	kept := parts[:0]
	for _, p := range parts {
		switch p {
		case ".":
		case "..":
			return "", fmt.Errorf("%q leads out of the directory", raw)
		default:
			kept = append(kept, p)
		}
	}
	if len(kept) <= b.Strip {
		return "", nil
	}
	name := path.Join(kept[b.Strip:]...)
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fmt.Errorf("%q is not a name on this machine", raw)
	}
	return name, nil
}

func (t *Tree) directory(name string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.makeDir(name)
}

// makeDir makes the directory and those above it. It goes through no link: what lies behind one would depend on which
// of two archives came first.
func (t *Tree) makeDir(name string) error {
	if t.dirs[name] {
		return nil
	}
	if err := t.makeDir(path.Dir(name)); err != nil {
		return err
	}
	err := t.root.Mkdir(name, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is a directory here and something else there", name)
	}
	if err == nil {
		t.dirs[name] = true
	}
	return err
}

func (t *Tree) file(name string, mode fs.FileMode, content io.Reader, b *budget) error {
	if err := t.directory(path.Dir(name)); err != nil {
		return err
	}
	perm := fs.FileMode(0o644)
	if mode&0o111 != 0 {
		perm = 0o755
	}
	f, err := t.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already", name)
	}
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(content, b.Bytes+1))
	if b.Bytes -= n; err == nil && b.Bytes < 0 {
		err = errors.New("the archive holds more bytes than it may")
	}
	return errors.Join(err, f.Close())
}

func (t *Tree) symlink(name, target string, b *budget) error {
	target, err := innerTarget(name, target, b.Rooted)
	if err != nil {
		return err
	}
	if err := t.directory(path.Dir(name)); err != nil {
		return err
	}
	err = t.root.Symlink(filepath.FromSlash(target), name)
	if errors.Is(err, fs.ErrExist) {
		if old, err := t.root.Readlink(name); err == nil && filepath.ToSlash(old) == target {
			return nil
		}
		return fmt.Errorf("%s is there already", name)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.links = append(t.links, name)
	return err
}

// innerTarget returns the target of a link relative to the link, or an error if it leads out of the tree.
func innerTarget(name, target string, rooted bool) (string, error) {
	out := fmt.Errorf("link %s leads out of the directory, to %q", name, target)
	up := strings.Repeat("../", strings.Count(name, "/"))
	switch {
	case target == "":
		return "", fmt.Errorf("link %s has no target", name)
	case strings.HasPrefix(target, "/") && !rooted:
		return "", out
	case strings.HasPrefix(target, "/"):
		return path.Join(up, path.Clean(target)), nil
	}
	if whole := path.Join(path.Dir(name), target); whole == ".." || strings.HasPrefix(whole, "../") {
		return "", out
	}
	return target, nil
}

func (t *Tree) hardLink(name, target string) error {
	info, err := t.root.Lstat(target)
	if err != nil {
		return fmt.Errorf("hard link %s: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("hard link %s does not lead to a file", name)
	}
	if err := t.directory(path.Dir(name)); err != nil {
		return err
	}
	return t.root.Link(target, name)
}
