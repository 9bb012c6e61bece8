package host

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
)

// startPatience is how long a plugin may take until it has said its line.
const startPatience = 5 * time.Second

// program is what is started as a plugin.
type program struct {
	path    string   // absolute
	dir     string   // its own directory, made when missing: where it starts, its HOME, and within it TMPDIR
	environ []string // the environment that variables are taken from
}

// child is a plugin that runs below us.
type child struct {
	process *process
	plugin  *goplugin.Client
	calls   protocol.ProviderClient
}

var _ link = (*child)(nil)

// start starts the program and comes to an understanding with it.
func (p program) start() (*child, error) {
	if err := os.MkdirAll(filepath.Join(p.dir, "tmp"), 0o700); err != nil {
		return nil, fmt.Errorf("cannot make its directory: %w", err)
	}
	var c child
	said := &tail{}
	c.plugin = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  goplugin.HandshakeConfig{MagicCookieKey: protocol.CookieKey, MagicCookieValue: protocol.CookieValue},
		VersionedPlugins: map[int]goplugin.PluginSet{protocol.Version: {"provider": caller{}}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         runtime.GOOS == "windows", // a private unix socket is as good, and the keys cost 70 ms
		SkipHostEnv:      true,
		StartTimeout:     2 * startPatience, // ours is earlier
		Logger:           hclog.NewNullLogger(),
		Stderr:           said,
		UnixSocketConfig: &goplugin.UnixSocketConfig{},
		GRPCDialOptions:  dialOptions(),
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, sockets string) (r runner.Runner, err error) {
			c.process, err = newProcess(p.command(cmd.Env), sockets)
			return c.process, err
		},
	})
	err := c.connect()
	if err == nil && !c.process.limit.Stop() {
		err = fmt.Errorf("it was too late") // explain says so better
	}
	if err != nil {
		return nil, c.explain(err, said)
	}
	said.close()
	return &c, nil
}

// dialOptions bound what a plugin can send.
func dialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(protocol.MaxMessage), grpc.MaxCallSendMsgSize(math.MaxInt32)),
		grpc.WithMaxHeaderListSize(64 << 10),
	}
}

// command is the program with its environment; extra is what go-plugin adds.
func (p program) command(extra []string) *exec.Cmd {
	return &exec.Cmd{Path: p.path, Args: []string{p.path}, Dir: p.dir, Env: append(p.environment(), extra...)}
}

// connect starts the process and makes the connection.
func (c *child) connect() error {
	connection, err := c.plugin.Client()
	if err != nil {
		return err
	}
	raw, err := connection.Dispense("provider")
	if err != nil {
		return err
	}
	c.calls = raw.(protocol.ProviderClient)
	return nil
}

// explain ends a plugin that did not start, and says why.
func (c *child) explain(err error, said *tail) error {
	text := wire.Text(err.Error(), 1000)
	if p := c.process; p != nil && p.cmd.Process != nil {
		early := over(c)
		c.kill()
		switch {
		case p.late.Load():
			text = fmt.Sprintf("it was not ready within %s, and was killed", startPatience)
		case strings.Contains(text, "API version"):
			text = fmt.Sprintf("it does not speak version %d of the protocol, the only one that this recipe speaks; use a build for this recipe", protocol.Version)
		case strings.Contains(text, "Unrecognized remote plugin message") || strings.Contains(text, "plugin exited before"):
			text = "it does not begin as a plugin does, with the line 1|1|unix|SOCKET|grpc on its standard output"
		}
		if early && !p.late.Load() {
			text += "; " + p.how.Error()
		}
	} else if p != nil {
		_ = os.RemoveAll(p.sockets) // go-plugin does so only for what it could start
	}
	if words := said.String(); words != "" {
		text += "; it said:\n  " + strings.ReplaceAll(words, "\n", "\n  ")
	}
	return fmt.Errorf("%s", text)
}

// client implements link.
func (c *child) client() protocol.ProviderClient { return c.calls }

// ended implements link.
func (c *child) ended() <-chan struct{} { return c.process.ended }

// kill implements link. The process goes first: go-plugin would ask it, and wait for an answer.
func (c *child) kill() {
	_ = c.process.Kill(context.Background()) // it has ended then
	c.plugin.Kill()
}

// post implements link.
func (c *child) post() error {
	<-c.process.ended
	go c.plugin.Kill() // frees its connection and socket
	return c.process.how
}

// caller is the client's half of what go-plugin dispenses.
type caller struct {
	goplugin.NetRPCUnsupportedPlugin
}

var _ goplugin.GRPCPlugin = caller{}

// GRPCServer implements goplugin.GRPCPlugin.
func (caller) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return fmt.Errorf("internal error: we serve nothing to plugins")
}

// GRPCClient implements goplugin.GRPCPlugin.
func (caller) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return protocol.NewProviderClient(c), nil
}
