package agent

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/local"
	"github.com/nsynapse/recipe/executor/roles"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/providers/sdk"
)

// roleKeeper keeps the roles of all components with backups: it tells their machines what happens to the processes, and
// carries out what they decide. Its methods are safe for concurrent use.
type roleKeeper struct {
	agent *Agent

	mu         sync.Mutex
	components map[string]*withRoles // by stack and component
	units      map[string]*roleUnit  // by the name that the supervisor has for it
	settled    chan struct{}         // closed, and another one, after each change
}

// withRoles is one component with backups.
type withRoles struct {
	stack, name string
	path        string // of its record
	err         error  // why that cannot be read; nothing of it is started then
	machine     *roles.Machine
	saved       roles.Record
	promoting   map[uint64]bool // tokens whose command runs
	failed      error           // why the last command did not succeed; nil if it did
	pause       time.Time       // no command begins before
}

// roleUnit is one of its processes.
type roleUnit struct {
	component *withRoles
	index     int
	id        sdk.Identity
	settings  local.RoleSettings
	going     bool // it is being removed, and forgotten once nothing of it runs
}

func newRoleKeeper(a *Agent) *roleKeeper {
	return &roleKeeper{agent: a, components: map[string]*withRoles{}, units: map[string]*roleUnit{}, settled: make(chan struct{})}
}

// retryRoles is how long a disk or a command that failed is left alone.
const retryRoles = time.Second

// enroll makes a process known, or what is new of it.
func (r *roleKeeper) enroll(id sdk.Identity) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := unitName(id.Stack, id.Address)
	settings := local.Roles(id)
	if settings == nil {
		r.drop(name)
		return
	}
	at, err := addr.Parse(id.Address)
	if err != nil {
		return // it was recorded by us
	}
	c := r.component(id.Stack, at.Component)
	r.units[name] = &roleUnit{component: c, index: at.Index, id: id, settings: *settings}
	c.machine.Enroll(roles.Settings{Primaries: settings.Primaries, Promotes: c.promotes(settings, r)}, at.Index, name, settings.Main)
	_ = r.settle(c)
	r.tell(c)
}

// promotes reports whether the recipe has a command, which its main process carries.
func (c *withRoles) promotes(s *local.RoleSettings, r *roleKeeper) bool {
	for _, u := range r.units {
		if u.component == c && u.settings.Promotes {
			return true
		}
	}
	return s.Promotes
}

// component returns a component, reading its record when it is new to this agent.
func (r *roleKeeper) component(stack string, a addr.Component) *withRoles {
	key := unitName(stack, a.String())
	if c := r.components[key]; c != nil {
		return c
	}
	c := &withRoles{stack: stack, name: a.String(), promoting: map[uint64]bool{}, path: filepath.Join(r.agent.Home, "stacks", stack, "roles", a.Slug())}
	if c.saved, c.err = roles.Load(r.agent.fsys, c.path); c.err != nil {
		c.err = fmt.Errorf("%w; put a copy of it back that is not older than the last failover, or remove it: then the first instances become primaries", c.err)
		fmt.Fprintf(r.agent.Log, "stack %s: %s has no primary: %s\n", stack, c.name, c.err)
	}
	c.machine = roles.New(c.saved)
	r.components[key] = c
	return c
}

// withdraw is told that a process goes: it is forgotten at once if nothing of it runs, or when that is so.
func (r *roleKeeper) withdraw(id sdk.Identity) {
	name := unitName(id.Stack, id.Address)
	_, known := r.agent.supervisor.Status(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.units[name]
	if u == nil {
		return
	}
	if u.going = true; !known {
		r.drop(name)
	}
}

// drop forgets a process. The caller holds the lock.
func (r *roleKeeper) drop(name string) {
	u := r.units[name]
	if u == nil {
		return
	}
	delete(r.units, name)
	u.component.machine.Remove(u.index, name)
	_ = r.settle(u.component)
}

// note takes in how a process is.
func (r *roleKeeper) note(s supervisor.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.units[s.Address]
	if u == nil {
		return
	}
	if u.going && s.State == supervisor.Stopped && s.Gone {
		r.drop(s.Address)
		return
	}
	if s.State == supervisor.Standby {
		return // gate has said so, and by now it may be promoted
	}
	u.component.machine.Note(u.index, s.Address, condition(s), s.PID)
	_ = r.settle(u.component)
}

// condition is what the state of a process means for roles.
func condition(s supervisor.Status) roles.Condition {
	switch s.State {
	case supervisor.Ready:
		if s.Assumed { // a replica that has not met its primary may lack what that has
			return roles.Assumed
		}
		return roles.Ready
	case supervisor.Finished:
		return roles.Finished
	case supervisor.Unready:
		return roles.Ailing
	case supervisor.Stopping:
		if s.Failing {
			return roles.Ailing
		}
		return roles.Stopping
	case supervisor.Starting:
		return roles.Starting
	}
	if s.Gone {
		return roles.Gone
	}
	return roles.Unknown
}

// gate is asked by the supervisor before a process starts, when nothing of it runs.
func (r *roleKeeper) gate(id sdk.Identity) (env []string, open bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := unitName(id.Stack, id.Address)
	u := r.units[name]
	if u == nil {
		return nil, true, nil
	}
	c := u.component
	if c.err != nil {
		return nil, false, c.err
	}
	now := roles.Gone
	if u.settings.Cold && !c.machine.Role(u.index).Primary {
		now = roles.Held
	}
	c.machine.Note(u.index, name, now, 0)
	_ = r.settle(c)
	role := c.machine.Role(u.index)
	if role.Held || u.settings.Cold && !role.Primary {
		c.machine.Note(u.index, name, roles.Held, 0)
		_ = r.settle(c)
		return nil, false, nil
	}
	c.machine.Begin(u.index, name) // before anybody else is promoted
	if err := r.settle(c); err != nil {
		return nil, false, err
	}
	return roleEnvironment(c.machine.Role(u.index)), true, nil
}

// settle carries out what follows. If that cannot be recorded nothing happens, and it is tried again later. The caller
// holds the lock.
func (r *roleKeeper) settle(c *withRoles) error {
	if c.err != nil {
		return c.err
	}
	defer r.announce()
	d := c.machine.Decide()
	if d.Changed {
		if err := r.save(c); err != nil {
			fmt.Fprintf(r.agent.Log, "stack %s: the roles of %s stay as they are: %s\n", c.stack, c.name, err)
			c.machine.Restore(c.saved)
			r.later(c)
			return err
		}
		c.saved = c.machine.Record()
		r.tell(c)
	}
	for _, index := range d.Promoted {
		r.agent.events.add(Event{Time: time.Now(), Type: "role", Stack: c.stack, Address: fmt.Sprintf("%s[%d]", c.name, index), State: primaryRole,
			Message: fmt.Sprintf("token %d", c.machine.Role(index).Token)})
	}
	for _, f := range d.Fence {
		go r.agent.supervisor.Fence(r.agent.running, f.Unit, f.PID, f.Now, f.Why)
	}
	if d.Changed || d.Released || len(d.Fence) > 0 {
		r.agent.routes.send()
	}
	if d.Released {
		r.wake(c)
	}
	r.promote(c)
	return nil
}

// announce lets those look who wait for a role. The caller holds the lock.
func (r *roleKeeper) announce() {
	close(r.settled)
	r.settled = make(chan struct{})
}

func (r *roleKeeper) save(c *withRoles) error {
	if err := r.agent.fsys.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
		return err
	}
	return roles.Save(r.agent.fsys, c.path, c.machine.Record())
}

// later settles c again after a pause.
func (r *roleKeeper) later(c *withRoles) {
	time.AfterFunc(retryRoles, func() {
		if r.agent.running.Err() != nil {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		_ = r.settle(c)
	})
}

// wake lets the processes that stand by ask again. It is not done by the one who settles, which may be the supervisor.
func (r *roleKeeper) wake(c *withRoles) {
	for name, u := range r.units {
		if u.component == c {
			go r.agent.supervisor.Wake(name)
		}
	}
}

// serves reports whether a process may get connections as far as its role goes.
func (r *roleKeeper) serves(stack, unit string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.units[unitName(stack, unit)]
	return u == nil || u.component.err == nil && u.component.machine.Role(u.index).Serves
}

// role is the role of a process as a person reads it, "" if it has none.
func (r *roleKeeper) role(unit string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if u := r.units[unit]; u != nil {
		return roleName(u.component.machine.Role(u.index))
	}
	return ""
}
