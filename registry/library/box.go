package library

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync"
)

// box is the packages in the box, one directory each, named like its package. Each is read when it is first asked for, since
// reading them all takes longer than looking at a small stack. It is safe for concurrent use.
type box struct {
	files fs.FS

	mu   sync.Mutex
	read map[string]*Package // by directory
}

func newBox(files fs.FS) *box { return &box{files: files, read: map[string]*Package{}} }

// names lists the packages in their order.
func (b *box) names() []string {
	list, _ := fs.Glob(b.files, "*/recipe.hcl") // the pattern is a right one
	for i, name := range list {
		list[i] = path.Dir(name)
	}
	return list
}

// open reads the package of a name, nil if there is none.
func (b *box) open(name string) (*Package, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p, ok := b.read[name]; ok {
		return p, nil
	}
	if !fs.ValidPath(name) {
		return nil, nil
	}
	files, err := fs.Sub(b.files, name)
	if err != nil {
		return nil, boxError(name, err)
	}
	if _, err := fs.Stat(files, "recipe.hcl"); err != nil {
		return nil, nil
	}
	p, diags := open(files, "library", "recipes/"+name)
	if diags.HasErrors() {
		return nil, boxError(name, diags)
	}
	if p.Recipe.Name != name {
		return nil, boxError(name, fmt.Errorf("its name is %s", p.Recipe.Name))
	}
	b.read[name] = p
	return p, nil
}

func boxError(name string, err error) error {
	return fmt.Errorf("internal error: %s of the library in the box: %w", name, err)
}

// providing lists the packages that provide a service. The one of that name, or else the first of the alphabet, is the first.
// A recipe whose text does not have the name of the service cannot provide it, and is not read.
func (b *box) providing(service string) ([]string, error) {
	var list []string
	for _, name := range b.names() {
		text, err := fs.ReadFile(b.files, name+"/recipe.hcl")
		if err != nil {
			return nil, boxError(name, err)
		}
		if !bytes.Contains(text, []byte(service)) {
			continue
		}
		p, err := b.open(name)
		if err != nil {
			return nil, err
		}
		if p.Recipe.Provides[service] != nil {
			list = append(list, name)
		}
	}
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a, service), rank(b, service)), cmp.Compare(a, b))
	})
	return list, nil
}

// rank puts the package that is named like a service before others.
func rank(name, service string) int {
	if name == service {
		return 0
	}
	return 1
}
