package deb

import (
	"fmt"
	"strings"
)

// resolver works out what has to be there for the requested packages to run.
type resolver struct {
	u       *universe
	skip    func(name string) bool
	asked   map[string]bool
	chosen  map[string]*pkg
	queue   []*pkg
	reasons map[string]string // why a package was chosen: the name of the one that needs it
}

// resolve returns the requested packages and all that they depend on, except for the base system and what skip says
// is never needed; a package that is requested by its name is in the result in any case. Of alternatives it takes
// one that is met already, else the first that exists, else the first package that provides the first of them that
// anybody provides.
func (u *universe) resolve(requests []request, base map[string]*pkg, skip func(string) bool) ([]*pkg, error) {
	r := &resolver{
		u: u, skip: skip, asked: map[string]bool{}, chosen: map[string]*pkg{}, reasons: map[string]string{},
	}
	for _, q := range requests {
		r.asked[q.name] = true
	}
	for _, q := range requests {
		p, err := u.requested(q)
		if err != nil {
			return nil, err
		}
		r.choose(p, nil)
	}
	for n := 0; n < len(r.queue); n++ {
		for _, a := range r.queue[n].depends {
			if err := r.meet(r.queue[n], a, base); err != nil {
				return nil, err
			}
		}
	}
	return r.queue, nil
}

// requested finds the package that a request is about; of a virtual one it takes the first provider.
func (u *universe) requested(q request) (*pkg, error) {
	if q.version != "" {
		if p := u.exact(q.name, q.version); p != nil {
			return p, nil
		}
		return nil, u.noSuchVersion(q)
	}
	if all := u.candidates(q.name); len(all) > 0 {
		return all[0], nil
	}
	if p := u.provider(relation{name: q.name}); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("no source of this machine offers a package %s", q.name)
}

func (u *universe) noSuchVersion(q request) error {
	all := u.candidates(q.name)
	if len(all) == 0 {
		return fmt.Errorf("no source of this machine offers a package %s", q.name)
	}
	offered := make([]string, len(all))
	for i, p := range all {
		offered[i] = p.Version
	}
	return fmt.Errorf("no source of this machine offers %s %s any more, and it is not among the downloads; there is %s",
		q.name, q.version, strings.Join(offered, ", "))
}

func (u *universe) provider(r relation) *pkg {
	for _, name := range u.provided[r.name] {
		for _, p := range u.candidates(name) {
			if p.as(r) {
				return p
			}
		}
	}
	return nil
}

func (r *resolver) choose(p, by *pkg) {
	if r.chosen[p.Name] != nil {
		return
	}
	r.chosen[p.Name] = p
	r.queue = append(r.queue, p)
	if by != nil {
		r.reasons[p.Name] = by.Name
	}
}

// meet chooses a package that meets the alternatives, unless that is not needed.
func (r *resolver) meet(p *pkg, a alternatives, base map[string]*pkg) error {
	for _, rel := range a {
		if r.met(rel, base) {
			return nil
		}
	}
	for _, rel := range a {
		for _, candidate := range r.u.candidates(rel.name) {
			if r.chosen[rel.name] == nil && rel.admits(candidate.Version) {
				r.choose(candidate, p)
				return nil
			}
		}
		if candidate := r.u.provider(rel); candidate != nil && r.chosen[candidate.Name] == nil {
			r.choose(candidate, p)
			return nil
		}
	}
	return fmt.Errorf("%s, which depends on %s, which no source of this machine offers", r.chain(p), a)
}

func (r *resolver) met(rel relation, base map[string]*pkg) bool {
	if base[rel.name] != nil || r.skips(rel.name) {
		return true
	}
	if p := r.chosen[rel.name]; p != nil && p.as(rel) {
		return true
	}
	for _, name := range r.u.provided[rel.name] {
		if p := r.chosen[name]; p != nil && p.as(rel) {
			return true
		}
		if p := base[name]; p != nil && p.as(rel) || r.skips(name) {
			return true
		}
	}
	return false
}

func (r *resolver) skips(name string) bool {
	return r.skip != nil && !r.asked[name] && r.skip(name)
}

// chain says how p came in: "php8.2-fpm 8.2.1, which depends on php8.2-cli 8.2.1".
func (r *resolver) chain(p *pkg) string {
	text := p.Name + " " + p.Version
	if by := r.chosen[r.reasons[p.Name]]; by != nil {
		return r.chain(by) + ", which depends on " + text
	}
	return text
}
