package pubgrub

// InOrder brings the rules of a core into an order in which they can be told: each that demands something of itself is
// followed by what the demanded package brings, and so on.
func InOrder(core []*Rule) []*Rule {
	brought := map[Package][]*Rule{} // by the packages that have to be there for a rule to matter
	for _, rule := range core {
		for _, t := range rule.Terms {
			if !t.Set.Contains(Absent) {
				brought[t.Package] = append(brought[t.Package], rule)
			}
		}
	}
	told := make(map[*Rule]bool, len(core))
	var order []*Rule
	var tell func(rule *Rule)
	tell = func(rule *Rule) {
		if told[rule] {
			return
		}
		told[rule] = true
		order = append(order, rule)
		if p, ok := rule.Demands(); ok {
			for _, next := range brought[p] {
				tell(next)
			}
		}
	}
	for _, rule := range core {
		if rule.isRoot() {
			tell(rule)
		}
	}
	for _, rule := range core {
		tell(rule)
	}
	return order
}

// Demands returns the package that r demands, if it does.
func (r *Rule) Demands() (p Package, ok bool) {
	for _, t := range r.Terms {
		if t.Set.Contains(Absent) {
			return t.Package, true
		}
	}
	return 0, false
}

// isRoot reports whether r matters whatever is there.
func (r *Rule) isRoot() bool {
	for _, t := range r.Terms {
		if !t.Set.Contains(Absent) {
			return false
		}
	}
	return true
}

// Clash returns the first package of which several rules of a core demand versions that they have not in common.
func Clash(problem Problem, core []*Rule) (p Package, ok bool) {
	refused := map[Package]Set{} // versions that some rule does not take, and Absent
	for _, rule := range core {
		p, ok := rule.Demands()
		if !ok {
			continue
		}
		before, several := refused[p]
		refused[p] = before.Union(rule.of(p))
		if several && refused[p].Equal(Range(Absent, Version(problem.Versions(p)))) {
			return p, true
		}
	}
	return 0, false
}

// of returns the set of the term about p.
func (r *Rule) of(p Package) Set {
	for _, t := range r.Terms {
		if t.Package == p {
			return t.Set
		}
	}
	return nil
}
