package supervisor

import "sync"

// needs knows which components are ready, and tells the units that need them. Its methods are safe for concurrent use.
type needs struct {
	mu         sync.Mutex
	components map[string]*component
}

type component struct {
	units int
	ready int
	users map[*Unit]struct{} // who needs it
}

func (n *needs) at(name string) *component {
	c := n.components[name]
	if c == nil {
		c = &component{users: map[*Unit]struct{}{}}
		n.components[name] = c
	}
	return c
}

// add makes a unit known, not ready.
func (n *needs) add(u *Unit, spec Spec) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c := n.at(spec.Component); spec.Schedule == nil { // what runs now and then makes nobody ready
		c.units++
	}
	for _, name := range spec.Needs {
		n.at(name).users[u] = struct{}{}
	}
}

// remove is the inverse of add; ready says whether the unit was.
func (n *needs) remove(u *Unit, spec Spec, ready bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.at(spec.Component)
	if spec.Schedule == nil {
		c.units--
		if ready {
			c.ready--
		}
	}
	for _, name := range spec.Needs {
		delete(n.at(name).users, u)
	}
	n.tell(c) // without any unit it holds up nobody
}

// by reports whether one of units needs the component.
func (n *needs) by(name string, units map[*Unit]bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for u := range n.at(name).users {
		if units[u] {
			return true
		}
	}
	return false
}

// change notes that a unit has become ready, or is no longer.
func (n *needs) change(name string, ready bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.at(name)
	if !ready {
		c.ready--
		return
	}
	if c.ready++; c.ready == 1 {
		n.tell(c)
	}
}

func (n *needs) tell(c *component) {
	for u := range c.users {
		select {
		case u.wake <- struct{}{}:
		default: // it has a message that it has not read
		}
	}
}

// missing returns the components that the unit has to wait for.
func (n *needs) missing(names []string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var missing []string
	for _, name := range names {
		if c := n.at(name); c.units > 0 && c.ready == 0 {
			missing = append(missing, name)
		}
	}
	return missing
}
