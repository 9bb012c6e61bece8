package agent

import (
	"fmt"
	"os"
	"slices"

	"github.com/nsynapse/recipe/executor/roles"
)

// primaryRole and backupRole are how roles are called everywhere.
const (
	primaryRole = "primary"
	backupRole  = "backup"
)

func roleName(role roles.Role) string {
	if role.Primary {
		return primaryRole
	}
	return backupRole
}

// roleEnvironment is what a process that starts now is told.
func roleEnvironment(role roles.Role) []string {
	return []string{"RECIPE_ROLE=" + roleName(role), fmt.Sprintf("RECIPE_TOKEN=%d", role.Token)}
}

// tell writes the file of each instance in which its processes find the role of now: lines that a shell can read. It is
// replaced whole, and need not survive anything, as it is written again by every agent.
//
//	ROLE=primary
//	TOKEN=8
//	PRIMARY='app.shop[1]'
func (r *roleKeeper) tell(c *withRoles) {
	if c.err != nil {
		return
	}
	names := ""
	for n, index := range c.machine.Primaries() {
		if n > 0 {
			names += " "
		}
		names += fmt.Sprintf("%s[%d]", c.name, index)
	}
	var told []string
	for _, u := range r.units {
		if u.component != c || slices.Contains(told, u.settings.File) {
			continue
		}
		role := c.machine.Role(u.index)
		text := fmt.Sprintf("ROLE=%s\nTOKEN=%d\nPRIMARY='%s'\n", roleName(role), role.Token, names)
		if err := replaceFile(u.settings.File, text); err != nil {
			fmt.Fprintf(r.agent.Log, "stack %s: %s[%d] is not told its role: %s\n", c.stack, c.name, u.index, err)
		}
		told = append(told, u.settings.File)
	}
}

// replaceFile puts text into a file that everybody can read, at once.
func replaceFile(path, text string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return nil
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
