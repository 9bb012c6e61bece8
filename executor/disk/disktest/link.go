package disktest

import (
	"math/rand/v2"
	"slices"
)

// A link is one change of the tree that a crash keeps or loses as a whole: one entry, or the two of a rename.
type link []entry

// entry says what a name in a directory stands for from now on; a nil node is a removal.
type entry struct {
	parent *node
	name   string
	node   *node
}

func (l link) touches(parents map[*node]bool) bool {
	return slices.ContainsFunc(l, func(e entry) bool { return parents[e.parent] })
}

func (e entry) put(entries map[string]*node) {
	if e.node == nil {
		delete(entries, e.name)
		return
	}
	entries[e.name] = e.node
}

// change makes l in the cache; the platter has to wait for a sync.
func (d *Disk) change(l link) {
	for _, e := range l {
		e.put(e.parent.entries)
	}
	d.links = append(d.links, l)
}

func (l link) save() {
	for _, e := range l {
		e.put(e.parent.syncedEntries)
	}
}

// syncLinks saves the changes of one directory. A rename touches two: what came before it in the other one has to go
// with it, or an older entry would win later.
func (d *Disk) syncLinks(directory *node) {
	touched := map[*node]bool{directory: true}
	var saved, left []link
	for _, l := range slices.Backward(d.links) {
		if !l.touches(touched) {
			left = append(left, l)
			continue
		}
		saved = append(saved, l)
		for _, e := range l {
			touched[e.parent] = true
		}
	}
	for _, l := range slices.Backward(saved) {
		l.save()
	}
	slices.Reverse(left)
	d.links = left
}

// settleLinks decides for each unsynced change whether it happened.
func (d *Disk) settleLinks(random *rand.Rand) {
	mood := random.IntN(3)
	for _, l := range d.links {
		if mood == 0 || mood == 1 && random.IntN(2) == 0 {
			l.save()
		}
	}
	d.links = nil
}
