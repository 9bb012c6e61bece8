package roles

import (
	"errors"
	"slices"
)

// Errors of Force.
var (
	ErrUnknown = errors.New("there is no such instance")
	ErrPrimary = errors.New("it is primary already")
	ErrNotLost = errors.New("the primary works")
)

// Force has a backup take over that is not able: it may lack what the primary has. Decide then gives it the place of a lost primary, or
// else of the first one that is not ready, which is fenced; the backup is, too, if it runs and is not up, since it may wait for that primary.
// All of it is taken back when the primary is ready before. The error is one of the above, and changes nothing. The next agent knows of it
// only once it is decided.
func (m *Machine) Force(index int) error {
	i := m.instances[index]
	switch {
	case i == nil || len(i.units) == 0:
		return ErrUnknown
	case i.primary:
		return ErrPrimary
	}
	primaries := m.indexes(true)
	if len(primaries) >= m.settings.Primaries {
		at := slices.IndexFunc(primaries, func(index int) bool { return m.instances[index].lost() })
		if at < 0 {
			at = slices.IndexFunc(primaries, func(index int) bool { return m.instances[index].main().Condition != Ready })
		}
		if at < 0 {
			return ErrNotLost
		}
		m.instances[primaries[at]].givenUp = true
	}
	i.forced, i.cold = true, i.main().Condition == Held
	return nil
}

// Forced reports whether a backup is about to take over by Force.
func (m *Machine) Forced(index int) bool {
	i := m.instances[index]
	return i != nil && i.forced && !i.primary
}

// unforce ends what Force began where it is done, and takes it back where the primary has come to work.
func (m *Machine) unforce(d *Decision) {
	some, works := false, false
	for _, i := range m.instances {
		i.forced = i.forced && !i.primary
		some = some || i.forced
		works = works || i.givenUp && i.primary && !i.leaving && i.main().Condition == Ready
	}
	if some && !works {
		return
	}
	for _, i := range m.instances {
		d.Released = d.Released || i.forced
		i.forced, i.givenUp = false, false
	}
}

// ableByForce reports whether nothing stands in the way of a backup that is forced: it starts as primary, or can be told.
func (i *instance) ableByForce() bool { return i.forced && (i.over() || i.main().Condition.up()) }
