package disktest

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/nsynapse/recipe/executor/disk"
)

// Disk is a simulated disk. Relative paths begin at its root, which is there from the start. It is safe for
// concurrent use; a run is repeatable when the operations come in a repeatable order.
type Disk struct {
	mu         sync.Mutex
	source     *rand.PCG  // of random
	random     *rand.Rand // the fate of bytes after a failed Sync
	root       *node
	links      []link         // unsynced changes of directories, oldest first
	operations map[string]int // by name; of all under ""
	fault      Fault
	hit        int  // the first operation that the fault met
	off        bool // the power was cut by a fault
	boot       int  // files of an earlier boot are dead
	watch      func(copied func() *Disk)
}

var _ disk.FS = (*Disk)(nil)

// New returns an empty disk. The seed decides what a failed Sync saves.
func New(seed uint64) *Disk {
	source := rand.NewPCG(seed, 0)
	return &Disk{source: source, random: rand.New(source), root: newDirectory(0o755), operations: map[string]int{}}
}

// Open opens a file as os.OpenFile does; of the flags it knows the access mode, O_CREATE, O_EXCL, O_TRUNC, O_APPEND.
func (d *Disk) Open(path string, flag int, perm fs.FileMode) (disk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.open(path, flag, perm)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return &file{disk: d, boot: d.boot, node: n, name: path, flag: flag}, nil
}

func (d *Disk) open(path string, flag int, perm fs.FileMode) (*node, error) {
	if err := d.operation("open"); err != nil {
		return nil, err
	}
	parent, name, err := d.parent(path)
	if err != nil {
		return nil, err
	}
	n := parent.entries[name]
	if name == "" {
		n = parent
	}
	writes := flag&(os.O_WRONLY|os.O_RDWR) != 0
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return nil, syscall.ENOENT
	case n == nil:
		n = newFile(perm)
		d.change(link{{parent, name, n}})
	case flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
		return nil, syscall.EEXIST
	case n.directory() && writes:
		return nil, syscall.EISDIR
	case flag&os.O_TRUNC != 0 && writes:
		n.resize(0)
	}
	return n, nil
}

// Rename moves a file or a directory, also between directories; SyncDir of either makes it durable as one.
func (d *Disk) Rename(oldPath, newPath string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.rename(oldPath, newPath); err != nil {
		return &os.LinkError{Op: "rename", Old: oldPath, New: newPath, Err: err}
	}
	return nil
}

func (d *Disk) rename(oldPath, newPath string) error {
	if err := d.operation("rename"); err != nil {
		return err
	}
	from, oldName, err := d.parent(oldPath)
	if err != nil {
		return err
	}
	to, newName, err := d.parent(newPath)
	if err != nil {
		return err
	}
	moved, replaced := from.entries[oldName], to.entries[newName]
	switch {
	case moved == nil:
		return syscall.ENOENT
	case moved == replaced:
		return nil
	case replaced != nil && replaced.directory() != moved.directory():
		return syscall.EEXIST
	case replaced != nil && len(replaced.entries) > 0:
		return syscall.ENOTEMPTY
	}
	d.change(link{{from, oldName, nil}, {to, newName, moved}})
	return nil
}

// Remove removes a file or an empty directory. Open files live on, as on unix.
func (d *Disk) Remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.remove(path); err != nil {
		return &fs.PathError{Op: "remove", Path: path, Err: err}
	}
	return nil
}

func (d *Disk) remove(path string) error {
	if err := d.operation("remove"); err != nil {
		return err
	}
	parent, name, err := d.parent(path)
	if err != nil {
		return err
	}
	switch n := parent.entries[name]; {
	case n == nil:
		return syscall.ENOENT
	case len(n.entries) > 0:
		return syscall.ENOTEMPTY
	}
	d.change(link{{parent, name, nil}})
	return nil
}

// MkdirAll makes the directory and those above it that are missing; each entry awaits SyncDir of its own parent.
func (d *Disk) MkdirAll(path string, perm fs.FileMode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.operation("mkdir"); err != nil {
		return &fs.PathError{Op: "mkdir", Path: path, Err: err}
	}
	at := d.root
	for _, name := range split(path) {
		if at.entries[name] == nil {
			d.change(link{{at, name, newDirectory(perm)}})
		}
		if at = at.entries[name]; !at.directory() {
			return &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
		}
	}
	return nil
}

// ReadDir lists a directory by name.
func (d *Disk) ReadDir(path string) ([]fs.DirEntry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.directory("readdir", path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var list []fs.DirEntry
	for _, name := range n.names() {
		list = append(list, fs.FileInfoToDirEntry(n.entries[name].info(name)))
	}
	return list, nil
}

// SyncDir makes the entries of the directory durable, those of other directories and all content excepted.
func (d *Disk) SyncDir(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.directory("syncdir", path)
	if err != nil {
		return &fs.PathError{Op: "sync", Path: path, Err: err}
	}
	d.syncLinks(n)
	return nil
}

// directory counts an operation on the directory at path.
func (d *Disk) directory(op, path string) (*node, error) {
	if err := d.operation(op); err != nil {
		return nil, err
	}
	n, err := d.find(path)
	switch {
	case err != nil:
		return nil, err
	case !n.directory():
		return nil, syscall.ENOTDIR
	}
	return n, nil
}

func (d *Disk) find(path string) (*node, error) {
	parent, name, err := d.parent(path)
	if err != nil || name == "" {
		return parent, err
	}
	if n := parent.entries[name]; n != nil {
		return n, nil
	}
	return nil, syscall.ENOENT
}

// parent returns the directory that holds the last name of path; for the root, the root and no name.
func (d *Disk) parent(path string) (*node, string, error) {
	names := split(path)
	if len(names) == 0 {
		return d.root, "", nil
	}
	at, last := d.root, len(names)-1
	for _, name := range names[:last] {
		if at = at.entries[name]; at == nil {
			return nil, "", syscall.ENOENT
		}
		if !at.directory() {
			return nil, "", syscall.ENOTDIR
		}
	}
	return at, names[last], nil
}

func split(path string) []string {
	path = filepath.Clean(path)
	path = filepath.ToSlash(path[len(filepath.VolumeName(path)):])
	return slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" || s == "." })
}
