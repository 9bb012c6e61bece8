package disktest

import (
	"hash/maphash"
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

// Reseed decides anew what later failed Syncs save.
func (d *Disk) Reseed(seed uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.source.Seed(seed, 0)
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
// seed of New does not count, so what a failed Sync saves may differ; nor does what is in files of the names given. It
// holds within one process, with a chance of 2^-64 that two different disks have the same.
func (d *Disk) Fingerprint(except ...string) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := printer{except: except, seen: map[*node]uint64{}}
	p.SetSeed(fingerprints)
	p.node(d.root)
	for _, l := range d.links {
		p.number(uint64(len(l)))
		for _, e := range l {
			p.node(e.parent)
			p.entry(e.name, e.node)
		}
	}
	return p.Sum64()
}

var fingerprints = maphash.MakeSeed()

type printer struct {
	maphash.Hash
	except []string
	seen   map[*node]uint64 // in the order they come: a second name is told from an equal file
}

func (p *printer) number(n uint64) { maphash.WriteComparable(&p.Hash, n) }

func (p *printer) bytes(b []byte) {
	p.number(uint64(len(b)))
	_, _ = p.Write(b)
}

func (p *printer) entry(name string, n *node) {
	_, _ = p.WriteString(name)
	if !slices.Contains(p.except, name) {
		p.node(n)
	}
}

func (p *printer) node(n *node) {
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

func (p *printer) entries(of map[string]*node) {
	p.number(uint64(len(of)))
	for _, name := range sortedNames(of) {
		p.entry(name, of[name])
	}
}
