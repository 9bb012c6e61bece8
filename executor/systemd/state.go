package systemd

import (
	"bytes"
	"context"
	"os/exec"
)

// stopping is the state of a systemd that ends the machine or the user's session.
const stopping = "stopping"

// state is how the machine's systemd is, or that of the user, as systemctl(1) has it under is-system-running; "" if none answers.
func state(ctx context.Context, user bool) string {
	args := []string{"is-system-running"}
	if user {
		args = []string{"--user", "is-system-running"}
	}
	out, _ := exec.CommandContext(ctx, "systemctl", args...).Output() // its status says whether all is well
	return string(bytes.TrimSpace(out))
}

// Stopping reports whether the machine's systemd, or that of the user, is about to end everything.
func Stopping(ctx context.Context, user bool) bool { return state(ctx, user) == stopping }
