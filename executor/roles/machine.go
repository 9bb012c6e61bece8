package roles

import (
	"maps"
	"slices"
)

// Condition is how a unit is, as far as roles are concerned.
type Condition uint8

const (
	Unknown  Condition = iota // nothing was heard of it: it may run
	Gone                      // nothing of it runs any more
	Idle                      // nothing of it runs, and as what it is now it was not started yet
	Held                      // nothing of it runs, and it would start if it were allowed to
	Starting                  // runs, not ready yet
	Assumed                   // runs, and its check cannot tell whether it does its work
	Ready                     // runs and does its work
	Ailing                    // runs, and a check says that it does not work
	Stopping                  // asked to end
	Finished                  // ended, its work is done
)

// over reports whether certainly nothing runs.
func (c Condition) over() bool { return c == Gone || c == Idle || c == Held || c == Finished }

// up reports whether it runs, can be told something, and was not asked to end.
func (c Condition) up() bool { return c == Assumed || c == Ready || c == Ailing }

// Unit is a process of an instance.
type Unit struct {
	Main      bool // the one whose health is that of the instance
	Condition Condition
	PID       int // 0 if it does not run
}

// Settings are what the stack and the recipe say of a component.
type Settings struct {
	Primaries int  // how many instances do the work; the others are backups
	Promotes  bool // a backup that runs is told by a command, and serves once that has succeeded
}

// Machine holds the roles of one component. It is not safe for concurrent use.
type Machine struct {
	settings  Settings
	token     uint64 // the last one that was given out
	fresh     bool   // nobody is there: the first instances will be primaries, without being asked whether they are ready
	changed   bool   // the Record is not what it was at the last Decide
	instances map[int]*instance
}

type instance struct {
	Holder
	primary  bool
	reserved bool // it is about to come, as primary
	leaving  bool // nothing of it may be started until it is a backup
	failed   bool // its promotion did not succeed
	forced   bool // a backup that is to take over, able or not
	cold     bool // it was held when that was said: the command that promotes it is not for it
	givenUp  bool // a primary that is to make room for one that is forced
	unused   bool // its main process has not been given its token yet
	units    map[string]Unit
}

// Holder is what is recorded of a primary.
type Holder struct {
	Token uint64 `json:"token"`
	Told  bool   `json:"told"` // it began as primary, or the command that promotes it has succeeded

	Forced bool `json:"forced,omitempty"` // it took over by force: its command does not wait for its check
}

// New returns the machine of a component, going on from what was recorded; a zero Record if nothing was.
func New(r Record) *Machine {
	m := &Machine{fresh: len(r.Primaries) == 0, instances: map[int]*instance{}}
	m.Restore(r)
	return m
}

// Record returns what has to survive.
func (m *Machine) Record() Record {
	r := Record{Token: m.token, Primaries: map[int]Holder{}}
	for index, i := range m.instances {
		if i.primary {
			r.Primaries[index] = i.Holder
		}
	}
	return r
}

// Restore puts the roles back to what they were when r was made; units stay as they are.
func (m *Machine) Restore(r Record) {
	m.token, m.changed = r.Token, false
	for index, i := range m.instances {
		i.Holder, i.primary = r.Primaries[index], false
	}
	for index, h := range r.Primaries {
		i := m.at(index)
		i.Holder, i.primary = h, true
	}
}

func (m *Machine) at(index int) *instance {
	i := m.instances[index]
	if i == nil {
		i = &instance{units: map[string]Unit{}}
		m.instances[index] = i
	}
	return i
}

// Enroll makes a unit known, or its settings again. With the first unit of all the first instances become primaries.
func (m *Machine) Enroll(s Settings, index int, unit string, main bool) {
	m.settings = s
	if m.fresh {
		for first := range s.Primaries {
			m.promote(m.at(first), true)
			m.at(first).reserved = true
		}
		m.fresh = false
	}
	i := m.at(index)
	u := i.units[unit]
	u.Main = main
	i.units[unit], i.reserved = u, false
}

// Note takes in how a unit is. One that is not enrolled is passed over.
func (m *Machine) Note(index int, unit string, c Condition, pid int) {
	i := m.instances[index]
	if i == nil {
		return
	}
	u, known := i.units[unit]
	if !known {
		return
	}
	if c == Gone && (u.Condition == Unknown || u.Condition == Idle) {
		c = Idle
	}
	u.Condition, u.PID = c, pid
	i.units[unit] = u
	if i.failed && (c == Gone || c == Starting) {
		i.failed = false // another process, another try
	}
}

// Begin is called when the main process of an instance is about to start: it is Starting from now on, and a primary has a
// token that no process had before. The Record may have to be saved before it starts; see Decide.
func (m *Machine) Begin(index int, unit string) {
	i := m.instances[index]
	if i == nil {
		return
	}
	m.Note(index, unit, Starting, 0)
	switch {
	case !i.primary || !i.units[unit].Main:
	case i.unused:
		i.unused = false
	default:
		m.token++
		i.Token, m.changed = m.token, true
	}
}

// Remove forgets a unit, of which nothing runs. The role of an instance goes with its last unit.
func (m *Machine) Remove(index int, unit string) {
	i := m.instances[index]
	if i == nil {
		return
	}
	if delete(i.units, unit); len(i.units) > 0 {
		return
	}
	m.changed = m.changed || i.primary
	delete(m.instances, index)
	for _, other := range m.instances {
		if len(other.units) > 0 {
			return
		}
	}
	clear(m.instances)
	m.fresh = true
}

// Told notes that the promotion with that token has succeeded or failed.
func (m *Machine) Told(index int, token uint64, ok bool) {
	i := m.instances[index]
	if i == nil || !i.primary || i.Token != token {
		return
	}
	i.Told, i.failed = ok, !ok
	m.changed = m.changed || ok
}

// promote makes a primary of i. told says that it need not be told by a command.
func (m *Machine) promote(i *instance, told bool) {
	m.token++
	m.changed = true
	i.Holder, i.primary, i.leaving, i.failed, i.unused = Holder{Token: m.token, Told: told, Forced: i.forced && !told}, true, false, false, true
}

// demote makes a backup of i, of which nothing runs.
func (m *Machine) demote(i *instance) {
	m.changed = true
	i.Holder, i.primary, i.leaving, i.failed = Holder{}, false, false, false
}

// indexes lists the instances that are primaries, or backups, ascending.
func (m *Machine) indexes(primary bool) []int {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m.instances)), func(index int) bool { return m.instances[index].primary != primary })
}
