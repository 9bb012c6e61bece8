package solve

import (
	"fmt"
	"slices"
)

// Why tells, in sentences without a full stop, what a package, a component or a service has to do with the stack; nil for a
// name that has nothing to do with it.
func (l *Lock) Why(name string) []string {
	var reasons []string
	for i, p := range l.Packages {
		if p.Name == name {
			reasons = append(reasons, fmt.Sprintf("%s %s is there: %s", p.Name, p.Version, p.Reason))
			reasons = append(reasons, l.whyComponents(func(c *Component) bool { return c.Package == i })...)
		}
	}
	reasons = append(reasons, l.whyComponents(func(c *Component) bool { return c.Component.String() == name })...)
	for _, b := range l.Bindings {
		if why := b.why(); b.Service == name && !slices.Contains(reasons, why) {
			reasons = append(reasons, why)
		}
	}
	return reasons
}

// whyComponents tells of some components: where they come from, and whom they serve.
func (l *Lock) whyComponents(which func(*Component) bool) []string {
	var reasons []string
	for i := range l.Components {
		c := &l.Components[i]
		if !which(c) {
			continue
		}
		if c.Added == "" {
			reasons = append(reasons, fmt.Sprintf("%s is written in the stack", c.Component))
		} else {
			reasons = append(reasons, fmt.Sprintf("%s is added: %s", c.Component, c.Added))
		}
		for _, b := range l.Bindings {
			if b.Implementation == c.Component {
				reasons = append(reasons, b.why())
			}
		}
	}
	return reasons
}

func (b *Binding) why() string {
	return fmt.Sprintf("%s is %s of %s: %s", b.Implementation, b.Requirement, b.Consumer, b.Reason)
}

// Names lists everything that Why knows, in the order of the alphabet.
func (l *Lock) Names() []string {
	var names []string
	for _, p := range l.Packages {
		names = append(names, p.Name)
	}
	for _, c := range l.Components {
		names = append(names, c.Component.String())
	}
	for _, b := range l.Bindings {
		names = append(names, b.Service)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
