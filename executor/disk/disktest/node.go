package disktest

import (
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// sector is the size of what a disk writes at once.
const sector = 512

// node is a file or a directory: what the cache says beside what the platter holds.
type node struct {
	mode          fs.FileMode
	data          []byte // of a file
	synced        []byte
	pending       []write // from synced to data, oldest first
	entries       map[string]*node
	syncedEntries map[string]*node
	locked        *file // who holds the lock
}

// write is an unsynced change of a file: bytes at an offset or, with nil bytes, a new size.
type write struct {
	at    int64
	bytes []byte
}

func newFile(perm fs.FileMode) *node { return &node{mode: perm.Perm()} }

func newDirectory(perm fs.FileMode) *node {
	return &node{mode: fs.ModeDir | perm.Perm(), entries: map[string]*node{}, syncedEntries: map[string]*node{}}
}

func (n *node) directory() bool { return n.mode.IsDir() }

func (n *node) names() []string { return sortedNames(n.entries) }

func sortedNames(entries map[string]*node) []string { return slices.Sorted(maps.Keys(entries)) }

func (n *node) write(at int64, b []byte) {
	if len(b) == 0 {
		return
	}
	w := write{at, slices.Clone(b)}
	n.data = w.apply(n.data)
	n.pending = append(n.pending, w)
}

func (n *node) resize(size int64) {
	w := write{at: size}
	n.data = w.apply(n.data)
	n.pending = append(n.pending, w)
}

// sync moves the unsynced writes to the platter. It does not copy the cache: that can show what a failed sync lost.
func (n *node) sync() {
	for _, w := range n.pending {
		n.synced = w.apply(n.synced)
	}
	n.pending = nil
}

// settle decides what of the unsynced writes reached the platter.
func (n *node) settle(random *rand.Rand) {
	for _, w := range n.pending {
		mood := random.IntN(4)
		for _, part := range w.sectors() {
			if kept, ok := part.fate(mood, random); ok {
				n.synced = kept.apply(n.synced)
			}
		}
	}
	n.pending = nil
}

// apply returns content after w. A gap before it is filled with zeros.
func (w write) apply(content []byte) []byte {
	if w.bytes == nil {
		if w.at <= int64(len(content)) {
			return content[:w.at:w.at] // a later append must not write into what a synced slice still shows
		}
		return append(content, make([]byte, w.at-int64(len(content)))...)
	}
	if gap := w.at - int64(len(content)); gap > 0 {
		content = append(content, make([]byte, gap)...)
	}
	covered := copy(content[w.at:], w.bytes)
	return append(content, w.bytes[covered:]...)
}

// sectors cuts w where the sectors of the file begin.
func (w write) sectors() []write {
	if w.bytes == nil {
		return []write{w}
	}
	var parts []write
	for rest := w; len(rest.bytes) > 0; {
		n := min(sector-rest.at%sector, int64(len(rest.bytes)))
		parts = append(parts, write{rest.at, rest.bytes[:n]})
		rest = write{rest.at + n, rest.bytes[n:]}
	}
	return parts
}

// fate is what a crash makes of one sector; false means that it never reached the platter. The mood belongs to the whole
// write, so that writes wholly kept or wholly lost are as frequent as mixed ones.
func (w write) fate(mood int, random *rand.Rand) (write, bool) {
	switch {
	case mood == 0:
		return w, true
	case mood == 1:
		return w, false
	case w.bytes == nil:
		return w, random.IntN(2) == 0
	}
	changed := write{w.at, slices.Clone(w.bytes)}
	switch random.IntN(6) {
	case 0:
		return w, false
	case 1:
		changed.bytes = changed.bytes[:random.IntN(len(changed.bytes)+1)]
		return changed, len(changed.bytes) > 0
	case 2:
		clear(changed.bytes)
	case 3:
		for i := range changed.bytes {
			changed.bytes[i] = byte(random.Uint32())
		}
	case 4:
		changed.bytes[random.IntN(len(changed.bytes))] ^= 1 << random.IntN(8)
	}
	return changed, true
}

// info describes the node under a name.
func (n *node) info(name string) fs.FileInfo {
	return info{name: name, size: int64(len(n.data)), mode: n.mode}
}

type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
