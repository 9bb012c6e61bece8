//go:build !unix

package agent

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/nsynapse/recipe/executor/supervisor"
)

func runCommand(context.Context, net.Conn, []string, supervisor.Spec) CommandLine {
	return CommandLine{Error: "commands cannot be run on this system"}
}

// Command fails on this system.
func (c *Client) Command(context.Context, CommandRequest, [3]*os.File, <-chan os.Signal) (CommandEnded, error) {
	return CommandEnded{}, errors.New("commands cannot be run on this system")
}
