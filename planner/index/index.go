// Package index reads files that list packages, for resolving without a registry. Such a file is JSON:
//
//	{"packages": {
//	    "ns/name": {
//	        "1.2.3": {
//	            "depends":  {"ns/other": "^1.0"},
//	            "requires": {"sql": ">= 1"},
//	            "provides": {"http": "1.1"}
//	        }
//	    }
//	}}
//
// Names may be any string but the empty one. Each of the three may be left out. Keys beside packages are for others, and
// passed over.
package index

import (
	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/planner/catalog"
	"github.com/nsynapse/recipe/planner/semver"
)

// Read reads the text of an index; name is that of the file, for messages. The first mistake is returned, with its line.
func Read(name string, text []byte) (*catalog.Catalog, error) {
	r := reader{scanner: scanner{name: name, text: text}, catalog: catalog.New(),
		constraints: map[string]semver.Constraint{}, versions: map[string]semver.Version{}}
	found := false
	err := r.object("the index", func(key string, _ int) error {
		if key != "packages" {
			return r.skip()
		}
		found = true
		return r.object("packages", r.pack)
	})
	switch {
	case err != nil:
		return nil, err
	case r.peek() != 0:
		return nil, r.fail("the index is followed by %s", r.found())
	case !found:
		return nil, r.fail(`there is no "packages"`)
	}
	return r.catalog, nil
}

// reader fills a catalog. Versions and constraints are parsed once each: many are written again and again.
type reader struct {
	scanner
	catalog     *catalog.Catalog
	constraints map[string]semver.Constraint
	versions    map[string]semver.Version
}

func (r *reader) pack(name string, at int) error {
	if name == "" {
		return r.failAt(at, "a package has an empty name")
	}
	return r.object("the package "+name, func(version string, at int) error {
		v, err := r.version(version, at)
		if err != nil {
			return err
		}
		release := catalog.Release{Version: v, Text: version}
		if err := r.release(&release); err != nil {
			return err
		}
		r.catalog.Add(name, release)
		return nil
	})
}

func (r *reader) release(release *catalog.Release) error {
	return r.object("a version", func(key string, at int) (err error) {
		switch key {
		case "depends":
			release.Depends, err = r.needs(key, "package")
		case "requires":
			release.Requires, err = r.needs(key, "service")
		case "provides":
			release.Provides, err = r.offers()
		default:
			return r.failAt(at, "a version has depends, requires and provides, but not %q. %s", key, diag.DidYouMean(key, []string{"depends", "requires", "provides"}))
		}
		return err
	})
}

// needs reads names with constraints.
func (r *reader) needs(key, what string) ([]catalog.Need, error) {
	var list []catalog.Need
	err := r.object(key, func(name string, at int) error {
		if name == "" {
			return r.failAt(at, "a %s has an empty name", what)
		}
		text, err := r.string("the constraint of " + name)
		if err != nil {
			return err
		}
		c, ok := r.constraints[text]
		if !ok {
			if c, err = semver.ParseConstraint(text); err != nil {
				return r.failAt(at, "%s: %w", name, err)
			}
			r.constraints[text] = c
		}
		list = append(list, catalog.Need{Name: name, Constraint: c})
		return nil
	})
	return list, err
}

func (r *reader) offers() ([]catalog.Offer, error) {
	var list []catalog.Offer
	err := r.object("provides", func(name string, at int) error {
		if name == "" {
			return r.failAt(at, "a service has an empty name")
		}
		text, err := r.string("the version of " + name)
		if err != nil {
			return err
		}
		v, err := r.version(text, at)
		list = append(list, catalog.Offer{Service: name, Version: v})
		return err
	})
	return list, err
}

func (r *reader) version(text string, at int) (semver.Version, error) {
	v, ok := r.versions[text]
	if ok {
		return v, nil
	}
	v, err := semver.Parse(text)
	if err != nil {
		return v, r.failAt(at, "%w", err)
	}
	r.versions[text] = v
	return v, nil
}
