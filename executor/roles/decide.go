package roles

import "slices"

// Decision is what is to be done, in this order.
type Decision struct {
	Changed  bool    // the Record has to be on disk before anything else happens; if it cannot be, Restore the one of before
	Promoted []int   // instances that have become primaries
	Fence    []Fence // processes to end, again and again until they are gone
	Released bool    // units that were held may be allowed to start now
}

// Fence is a process that is to end.
type Fence struct {
	Unit string
	PID  int
	Now  bool   // it does not work: it is killed, and not asked
	Why  string // as a person reads it
}

const (
	takenOver = "a backup takes over"
	tooMany   = "it becomes a backup: fewer instances do the work"
	byForce   = "it takes over by force"
)

// Decide works out what follows from all that the machine was told. The lowest backups go to those places where nothing runs any
// more; one is kept for each primary that has to be ended first.
func (m *Machine) Decide() Decision {
	d := &Decision{}
	m.unforce(d)
	primaries := m.retire(d, m.indexes(true))
	able := m.able()
	next := func() int {
		index := able[0]
		able = able[1:]
		return index
	}
	for _, index := range primaries {
		if p := m.instances[index]; p.lost() && p.over() && len(able) > 0 {
			m.demote(p)
			m.take(d, next())
		}
	}
	for _, index := range primaries {
		p := m.instances[index]
		at := slices.IndexFunc(able, m.runs)
		if p.primary && p.main().Condition == Idle && p.over() && at >= 0 {
			m.demote(p)
			m.take(d, able[at])
			able = slices.Delete(able, at, at+1)
		}
	}
	for missing := m.settings.Primaries - len(m.indexes(true)); missing > 0 && len(able) > 0; missing-- {
		m.take(d, next())
	}
	for _, index := range primaries {
		p := m.instances[index]
		switch {
		case !p.primary: // demoted above
		case p.lost() && len(able) > 0:
			next()
			p.leaving = true
			d.fence(p, takenOver)
		default:
			d.release(p)
		}
	}
	for _, index := range m.indexes(false) {
		if b := m.instances[index]; b.forced && !b.ableByForce() {
			d.fence(b, byForce)
		}
	}
	d.Changed, m.changed = m.changed, false
	return *d
}

// retire takes back what is too much after the number of primaries was lowered, the highest first, and returns the rest.
func (m *Machine) retire(d *Decision, primaries []int) []int {
	keep := min(len(primaries), max(m.settings.Primaries, 0))
	for _, index := range primaries[keep:] {
		p := m.instances[index]
		if p.leaving = true; p.over() {
			m.demote(p)
			d.Released = true
			continue
		}
		d.fence(p, tooMany)
	}
	return primaries[:keep]
}

// take makes a primary of a backup.
func (m *Machine) take(d *Decision, index int) {
	b := m.instances[index]
	running := slices.ContainsFunc(b.list(), func(u Unit) bool { return u.Main && !u.Condition.over() })
	m.promote(b, !m.settings.Promotes || !running && (b.cold || !b.forced))
	b.unused = !running
	for name, u := range b.units {
		if u.Condition == Held {
			u.Condition = Idle
			b.units[name] = u
		}
	}
	d.Promoted, d.Released = append(d.Promoted, index), true
}

// release ends the leaving of a primary that is to stay one.
func (d *Decision) release(p *instance) {
	d.Released = d.Released || p.leaving
	p.leaving = false
}

// fence lists what of p still runs. What is about to end by itself is left to that, unless it does not work.
func (d *Decision) fence(p *instance, why string) {
	ails := p.main().Condition == Ailing || p.failed
	for name, u := range p.units {
		if u.Condition.over() || u.PID == 0 || u.Condition == Stopping && !ails {
			continue
		}
		d.Fence = append(d.Fence, Fence{Unit: name, PID: u.PID, Now: ails, Why: why})
	}
}

// able lists the backups that can take over: those that are forced, then the others, both ascending.
func (m *Machine) able() []int {
	able := slices.DeleteFunc(m.indexes(false), func(index int) bool {
		i := m.instances[index]
		if i.forced {
			return !i.ableByForce()
		}
		return i.main().Condition != Ready && i.main().Condition != Held
	})
	slices.SortStableFunc(able, func(x, y int) int {
		switch {
		case m.instances[x].forced == m.instances[y].forced:
			return 0
		case m.instances[x].forced:
			return -1
		}
		return 1
	})
	return able
}

// runs reports whether the main process of an instance does.
func (m *Machine) runs(index int) bool { return !m.instances[index].main().Condition.over() }

func (i *instance) list() []Unit {
	var list []Unit
	for _, u := range i.units {
		list = append(list, u)
	}
	return list
}

// main is the unit whose health is that of the instance; one of which nothing is known if there is none.
func (i *instance) main() Unit {
	for _, u := range i.units {
		if u.Main {
			return u
		}
	}
	return Unit{}
}

// lost reports whether a primary does not do its work. One that was recorded and is not there any more does not either.
func (i *instance) lost() bool {
	if len(i.units) == 0 {
		return !i.reserved
	}
	if i.givenUp {
		return true
	}
	switch i.main().Condition {
	case Gone, Held, Ailing, Stopping:
		return true
	}
	return i.failed
}

// over reports whether certainly nothing of the instance runs.
func (i *instance) over() bool {
	for _, u := range i.units {
		if !u.Condition.over() {
			return false
		}
	}
	return true
}

// Role is an instance as it is to know itself.
type Role struct {
	Primary bool
	Token   uint64 // its own, or that of the last promotion of the component
	Held    bool   // nothing of it may be started now, whatever its role
	Serves  bool   // it may get requests
	Promote bool   // it waits for the command that promotes it
}

// Role returns the role of an instance; of one that is not known a backup's.
func (m *Machine) Role(index int) Role {
	i := m.instances[index]
	if i == nil || !i.primary {
		return Role{Token: m.token, Held: i != nil && i.forced}
	}
	return Role{Primary: true, Token: i.Token, Held: i.leaving, Serves: i.Told && !i.leaving,
		Promote: !i.Told && !i.leaving && i.promotable()}
}

// promotable reports whether the command can be run that promotes a primary: it is up, and its check does not speak against it. One
// that was started again since it became primary finds nobody whom it follows, so its check cannot tell.
func (i *instance) promotable() bool {
	c := i.main().Condition
	return c == Ready || c == Assumed || i.Forced && c.up()
}

// Primaries lists the indexes of the primaries, ascending.
func (m *Machine) Primaries() []int { return m.indexes(true) }
