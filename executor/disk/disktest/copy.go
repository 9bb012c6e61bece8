package disktest

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"math/rand/v2"
	"slices"
)

// Watch calls look before every later operation, with the disk locked: a Copy taken there is what a power cut or a kill
// at that operation finds. look must use nothing of the disk but the function it is given. Nil ends it.
func (d *Disk) Watch(look func(copied func() *Disk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watch = look
}

// Copy returns another disk with the same cache, platter and unsynced changes. Files opened before are of the old disk
// only; nobody watches the copy and it has no fault to come.
func (d *Disk) Copy() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.copy()
}

func (d *Disk) copy() *Disk {
	source := *d.source
	c := copier{}
	twin := &Disk{source: &source, random: rand.New(&source), root: c.node(d.root), operations: maps.Clone(d.operations), off: d.off, boot: d.boot}
	for _, l := range d.links {
		changes := make(link, len(l))
		for i, e := range l {
			changes[i] = entry{c.node(e.parent), e.name, c.node(e.node)}
		}
		twin.links = append(twin.links, changes)
	}
	return twin
}

// copier remembers the copy of each node: one can have several names, and one that was removed in the cache is still on
// the platter.
type copier map[*node]*node

func (c copier) node(n *node) *node {
	if n == nil {
		return nil
	}
	if twin := c[n]; twin != nil {
		return twin
	}
	twin := &node{mode: n.mode, data: slices.Clone(n.data), synced: slices.Clone(n.synced), pending: slices.Clone(n.pending)}
	c[n] = twin
	twin.entries, twin.syncedEntries = c.entries(n.entries), c.entries(n.syncedEntries)
	return twin
}

func (c copier) entries(of map[string]*node) map[string]*node {
	if of == nil {
		return nil
	}
	twins := make(map[string]*node, len(of))
	for name, n := range of {
		twins[name] = c.node(n)
	}
	return twins
}

// Fingerprint is the same for disks that nothing can tell apart: not what reads return, and not what a crash leaves. The
// seed of New does not count, so what a failed Sync saves may differ.
func (d *Disk) Fingerprint() [sha256.Size]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := printer{sha256.New(), map[*node]uint64{}}
	p.node(d.root)
	for _, l := range d.links {
		p.number(uint64(len(l)))
		for _, e := range l {
			p.node(e.parent)
			p.bytes([]byte(e.name))
			p.node(e.node)
		}
	}
	return [sha256.Size]byte(p.Sum(nil))
}

type printer struct {
	hash.Hash
	seen map[*node]uint64 // in the order they come: a second name is told from an equal file
}

func (p printer) number(n uint64) { _, _ = p.Write(binary.LittleEndian.AppendUint64(nil, n)) }

func (p printer) bytes(b []byte) {
	p.number(uint64(len(b)))
	_, _ = p.Write(b)
}

func (p printer) node(n *node) {
	if n == nil {
		p.number(0)
		return
	}
	if number, ok := p.seen[n]; ok {
		p.number(number)
		return
	}
	p.seen[n] = uint64(len(p.seen) + 1)
	p.number(p.seen[n])
	p.number(uint64(n.mode))
	p.bytes(n.data)
	p.bytes(n.synced)
	for _, w := range n.pending {
		p.number(uint64(w.at))
		p.bytes(w.bytes)
	}
	p.number(uint64(len(n.pending)))
	p.entries(n.entries)
	p.entries(n.syncedEntries)
}

func (p printer) entries(of map[string]*node) {
	p.number(uint64(len(of)))
	for _, name := range sortedNames(of) {
		p.bytes([]byte(name))
		p.node(of[name])
	}
}
