package systemd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ErrAbsent says that no systemd runs that could take a unit.
var ErrAbsent = errors.New("systemd does not run here")

// systemctl runs the program of that name for the machine's or the user's systemd.
func (u Unit) systemctl(ctx context.Context, args ...string) error {
	if u.User {
		args = append([]string{"--user"}, args...)
	}
	out, err := exec.CommandContext(ctx, "systemctl", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("systemctl %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// runs fails with ErrAbsent if no systemd answers. One that is still starting, or that has units which failed, does.
func (u Unit) runs(ctx context.Context) error {
	states := []string{"initializing", "starting", "running", "degraded", "maintenance", stopping}
	if !slices.Contains(states, state(ctx, u.User)) {
		return ErrAbsent
	}
	return nil
}

// Install writes the unit and has systemd start it, now and after each reboot. An agent that runs already has to be ended
// before. It fails with ErrAbsent, and then has written nothing.
func (u Unit) Install(ctx context.Context, getenv func(string) string) error {
	if err := u.runs(ctx); err != nil {
		return err
	}
	path := u.Path(getenv)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("cannot make the directory of the unit: %w", err)
	}
	for path, text := range map[string]string{path: u.Text(), AppsOf(path): u.AppsText()} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return fmt.Errorf("cannot write the unit: %w", err)
		}
	}
	if err := u.systemctl(ctx, "daemon-reload"); err != nil {
		return err
	}
	return u.systemctl(ctx, "enable", "--now", u.Name())
}

// Uninstall has systemd end the agent, and removes the unit. Apps go on. It returns fs.ErrNotExist if there is no unit.
func (u Unit) Uninstall(ctx context.Context, getenv func(string) string) error {
	path := u.Path(getenv)
	if _, err := os.Stat(path); err != nil {
		return err
	}
	if err := u.runs(ctx); err == nil {
		if err := u.systemctl(ctx, "disable", "--now", u.Name()); err != nil {
			return err
		}
	}
	for _, path := range []string{path, AppsOf(path)} { // systemd keeps the group of the apps until the machine ends
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove the unit: %w", err)
		}
	}
	if err := u.runs(ctx); err != nil {
		return nil // nobody has to hear of it
	}
	return u.systemctl(ctx, "daemon-reload")
}

// Stop has systemd end the agent, until it is told to start it or the machine is started anew. Apps go on. An agent that runs
// by itself is not touched.
func (u Unit) Stop(ctx context.Context) error {
	if err := u.runs(ctx); err != nil {
		return err
	}
	return u.systemctl(ctx, "stop", u.Name())
}

// Start has systemd start the agent.
func (u Unit) Start(ctx context.Context) error {
	if err := u.runs(ctx); err != nil {
		return err
	}
	return u.systemctl(ctx, "start", u.Name())
}

// Starts is the program that systemd runs as the agent; "" if no systemd runs, or none that has the unit.
func (u Unit) Starts(ctx context.Context, getenv func(string) string) string {
	program := u.program(getenv)
	if program == "" || u.runs(ctx) != nil {
		return ""
	}
	return program
}
