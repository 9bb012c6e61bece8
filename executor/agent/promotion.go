package agent

import (
	"fmt"
	"time"

	"github.com/nsynapse/recipe/executor/roles"
)

// promote begins the commands that are due.
func (r *roleKeeper) promote(c *withRoles) {
	if time.Now().Before(c.pause) {
		return
	}
	for _, index := range c.machine.Primaries() {
		role := c.machine.Role(index)
		if !role.Promote || c.promoting[role.Token] {
			continue
		}
		for _, u := range r.units {
			if u.component == c && u.index == index && u.settings.Main {
				c.promoting[role.Token] = true
				go r.runPromotion(c, u, role)
			}
		}
	}
}

func (r *roleKeeper) runPromotion(c *withRoles, u *roleUnit, role roles.Role) {
	err := r.agent.local.Promote(r.agent.running, u.id, roleEnvironment(role))
	if r.agent.running.Err() != nil {
		return // the next agent begins it again
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(c.promoting, role.Token)
	if c.failed = err; err != nil {
		fmt.Fprintf(r.agent.Log, "stack %s: %s[%d] could not be promoted: %s\n", c.stack, c.name, u.index, err)
		c.pause = time.Now().Add(retryRoles)
		r.later(c)
	}
	c.machine.Told(u.index, role.Token, err == nil)
	_ = r.settle(c)
}
