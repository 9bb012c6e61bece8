package local

import (
	"context"
	"path/filepath"
	"time"

	"github.com/nsynapse/recipe/executor/check"
	"github.com/nsynapse/recipe/providers/sdk"
)

// RoleSettings are what a process is to know of roles.
type RoleSettings struct {
	Primaries int    // how many instances of its component do the work
	Main      bool   // it is the main process of its instance
	Cold      bool   // it does not run in a backup
	Promotes  bool   // a backup that runs is promoted by a command
	File      string // where the instance finds its role
}

// Roles returns the settings of a recorded process, nil for one of a component without backups.
func Roles(id sdk.Identity) *RoleSettings {
	v := id.Known
	if v.IsNull() || !v.Type().HasAttribute("roles") || v.GetAttr("roles").IsNull() {
		return nil
	}
	r := v.GetAttr("roles")
	return &RoleSettings{
		Primaries: number(r.GetAttr("primaries")), Main: v.GetAttr("main").True(), Cold: r.GetAttr("cold").True(),
		Promotes: !r.GetAttr("promote").IsNull(), File: filepath.Join(directory(v), "role"),
	}
}

// promoteTimeout bounds the command of a promotion if the recipe does not.
const promoteTimeout = 30 * time.Second

// Promote runs the command that makes a primary of a process that runs, with its environment and that of its role.
func (p *Provider) Promote(ctx context.Context, id sdk.Identity, role []string) error {
	spec, err := p.Spec(id)
	if err != nil {
		return err
	}
	roles := id.Known.GetAttr("roles")
	timeout, err := duration(roles, "timeout")
	if err != nil {
		return err
	}
	if timeout == 0 {
		timeout = promoteTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return check.Exec{Command: texts(roles.GetAttr("promote")), Env: append(spec.Env, role...), Dir: spec.WorkDir,
		UID: uint32(max(spec.UID, 0)), GID: uint32(max(spec.GID, 0)), Sandbox: spec.Sandbox.Open()}.Run(ctx)
}
