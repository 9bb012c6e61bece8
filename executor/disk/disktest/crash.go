package disktest

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"syscall"
)

// Crash cuts the power and starts the machine again. The seed decides what of the unsynced data is left; then all is
// on the platter, files opened before are dead, locks are free and the fault is gone.
func (d *Disk) Crash(seed uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	random := rand.New(rand.NewPCG(seed, 1))
	d.settleLinks(random)
	d.root.crash(random)
	d.restart()
}

// Kill ends the process that uses the disk, as kill -9 does: files opened before are dead and locks are free, but the
// cache stays, and is as unsynced as it was. The fault is gone.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.root.walk(func(n *node) { n.locked = nil })
	d.restart()
}

func (d *Disk) restart() {
	d.boot++
	d.off, d.fault = false, Fault{}
}

// crash replaces the cache of n and all below by what the platter holds. The order of names makes it repeatable.
func (n *node) crash(random *rand.Rand) {
	n.locked = nil
	if !n.directory() {
		n.settle(random)
		n.data = slices.Clone(n.synced)
		return
	}
	n.entries = maps.Clone(n.syncedEntries)
	for _, name := range n.names() {
		n.entries[name].crash(random)
	}
}

func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, name := range n.names() {
		n.entries[name].walk(visit)
	}
}

// Content returns a copy of what the file at path holds in the cache. It is no operation of the disk.
func (d *Disk) Content(path string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.find(path)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(n.data), nil
}

// Damage replaces what the file at path holds, in the cache and on the platter, as rot or a foreign hand would. It makes
// the file and its directories, durably, if they are missing. It is no operation of the disk.
func (d *Disk) Damage(path string, content []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := split(path)
	if len(names) == 0 {
		return syscall.EISDIR
	}
	at := d.root
	for i, name := range names {
		next := at.entries[name]
		if next == nil {
			next = newDirectory(0o700)
			if i == len(names)-1 {
				next = newFile(0o600)
			}
			d.change(link{{at, name, next}})
		}
		d.syncLinks(at)
		at = next
	}
	if at.directory() {
		return syscall.EISDIR
	}
	at.data, at.synced, at.pending = bytes.Clone(content), bytes.Clone(content), nil
	return nil
}
