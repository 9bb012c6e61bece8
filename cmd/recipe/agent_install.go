package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/systemd"
)

// kept are the variables that an agent reads when it starts, beside RECIPE_HOME.
var kept = []string{"RECIPE_PORTS", "RECIPE_HTTP", "RECIPE_HTTPS", "RECIPE_ACCESS_LOG", "RECIPE_METRICS"}

// agentUnit is the agent of this home as a unit of systemd, with the variables of the agent that are set now.
func (c *cli) agentUnit() (systemd.Unit, error) {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	if err != nil {
		return systemd.Unit{}, fmt.Errorf("cannot find the program recipe: %w", err)
	}
	u := systemd.Unit{Program: program, Home: c.home, User: os.Geteuid() != 0}
	without := func(name string) string {
		if name == "RECIPE_HOME" {
			return ""
		}
		return c.getenv(name)
	}
	u.Usual = c.home == homeOf(without)
	for _, name := range kept {
		if value := c.getenv(name); value != "" {
			u.Env = append(u.Env, name+"="+value)
		}
	}
	return u, nil
}

// installAgent has systemd start the agent, now and after each reboot.
func (c *cli) installAgent(ctx context.Context, user, print bool) error {
	u, err := c.agentUnit()
	if err != nil {
		return err
	}
	u.User = u.User || user
	if print {
		path := u.Path(c.getenv)
		fmt.Fprintf(c.stdout, "# %s\n%s\n# %s\n%s\n# Without systemd, in the crontab of the same user:\n# %s\n",
			path, u.Text(), systemd.AppsOf(path), u.AppsText(), u.Cron())
		return nil
	}
	if err := c.yield(ctx); err != nil {
		return err
	}
	err = u.Install(ctx, c.getenv)
	if errors.Is(err, systemd.ErrAbsent) {
		return hinted{err, "Have something else start the agent after a reboot, such as cron (crontab -e):\n  " + u.Cron()}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "The agent runs as %s, and starts with the machine. What ran before goes on.\n", u.Name())
	if u.User {
		fmt.Fprintln(c.stdout, "So that it starts before you log in, and stays when you log out: loginctl enable-linger")
	}
	return nil
}

// yield ends an agent that runs, unless it is busy, and has systemd not start it again for now. Apps go on.
func (c *cli) yield(ctx context.Context) error {
	if err := agent.Dial(c.home).Shutdown(ctx); err != nil && !errors.Is(err, agent.ErrNoAgent) {
		return err
	}
	u, ok := c.installed()
	if !ok {
		return nil
	}
	if err := u.Stop(ctx); !errors.Is(err, systemd.ErrAbsent) {
		return err
	}
	return nil
}

func (c *cli) uninstallAgent(ctx context.Context, user bool) error {
	u, err := c.agentUnit()
	if err != nil {
		return err
	}
	u.User = u.User || user
	err = u.Uninstall(ctx, c.getenv)
	if errors.Is(err, fs.ErrNotExist) {
		return hinted{fmt.Errorf("there is no unit %s", u.Path(c.getenv)), "recipe agent install makes it."}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "%s is removed. Apps go on; the next command starts a new agent, and nobody does after a reboot.\n", u.Name())
	return nil
}
