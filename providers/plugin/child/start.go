package child

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/nsynapse/recipe/providers/plugin/wire"
)

const (
	startPatience = 5 * time.Second   // how long a program may take until it has said its line
	mostPatience  = 6 * startPatience // where it has something to do all the time
)

// Program is what is started.
type Program struct {
	Path    string   // absolute
	Dir     string   // its own directory, made when missing: where it starts, its HOME, and within it TMPDIR
	Environ []string // the environment that variables are taken from
	// Said gets what the program writes to its standard error once it has started, in lines of at most 8 KiB and from two goroutines;
	// nil drops it. What was said before is part of the error, if it does not start.
	Said func(line string)
	Dialect
}

// Dialect is what one kind of programs has to be told, and says.
type Dialect struct {
	CookieKey, CookieValue string // the variable by which a program knows what has started it
	Versions               []int  // of the protocol that we speak
	Unspoken               string // what a program does that speaks none of them: "it does not speak version 1 of the protocol"
	MaxMessage             int    // the longest message that it may send, in bytes
	// ShortTemp makes the directory of its socket its TMPDIR too, for programs that do not know PLUGIN_UNIX_SOCKET_DIR.
	ShortTemp bool
}

// Child is a program that runs below us.
type Child struct {
	process *process
	plugin  *goplugin.Client
	calls   *grpc.ClientConn
}

// Start starts the program and comes to an understanding with it.
func (p Program) Start() (*Child, error) {
	if err := os.MkdirAll(filepath.Join(p.Dir, "tmp"), 0o700); err != nil {
		return nil, fmt.Errorf("cannot make its directory: %w", err)
	}
	var c Child
	said := &tail{rest: lines{say: p.Said}}
	c.plugin = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  goplugin.HandshakeConfig{MagicCookieKey: p.CookieKey, MagicCookieValue: p.CookieValue},
		VersionedPlugins: p.versions(),
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         runtime.GOOS == "windows", // a private unix socket is as good, and the keys cost 70 ms
		SkipHostEnv:      true,
		StartTimeout:     2 * mostPatience, // ours is earlier
		Logger:           hclog.NewNullLogger(),
		Stderr:           said,
		SyncStderr:       &lines{say: p.Said}, // in programs that are served by go-plugin it takes the place of the other
		UnixSocketConfig: &goplugin.UnixSocketConfig{},
		GRPCDialOptions:  DialOptions(p.MaxMessage),
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, sockets string) (r runner.Runner, err error) {
			c.process, err = newProcess(p.command(cmd.Env, sockets), sockets)
			return c.process, err
		},
	})
	err := c.connect()
	if err == nil && !c.process.ready() {
		err = fmt.Errorf("it was too late") // explain says so better
	}
	if err != nil {
		return nil, c.explain(err, said, p.Dialect)
	}
	said.close()
	return &c, nil
}

func (d Dialect) versions() map[int]goplugin.PluginSet {
	all := map[int]goplugin.PluginSet{}
	for _, v := range d.Versions {
		all[v] = goplugin.PluginSet{"provider": caller{}}
	}
	return all
}

// DialOptions bound what the other end can send: messages of at most max bytes.
func DialOptions(max int) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(max), grpc.MaxCallSendMsgSize(math.MaxInt32)),
		grpc.WithMaxHeaderListSize(64 << 10),
	}
}

// command is the program with its environment; extra is what go-plugin adds.
func (p Program) command(extra []string, sockets string) *exec.Cmd {
	env := slices.Concat(p.environment(), extra)
	if p.ShortTemp {
		env = append(env, "TMPDIR="+sockets) // the last one counts
	}
	return &exec.Cmd{Path: p.Path, Args: []string{p.Path}, Dir: p.Dir, Env: env}
}

// connect starts the process and makes the connection.
func (c *Child) connect() error {
	connection, err := c.plugin.Client()
	if err != nil {
		return err
	}
	raw, err := connection.Dispense("provider")
	if err != nil {
		return err
	}
	c.calls = raw.(*grpc.ClientConn)
	return nil
}

// explain ends a program that did not start, and says why.
func (c *Child) explain(err error, said *tail, d Dialect) error {
	text := wire.Text(err.Error(), 1000)
	if p := c.process; p != nil && p.cmd.Process != nil {
		early := c.over()
		c.Kill()
		switch {
		case p.fate.Load() == isLate:
			text = fmt.Sprintf("it was not ready within %s, and was killed", p.waited)
		case strings.Contains(text, "API version"):
			text = d.Unspoken
		case strings.Contains(text, "Unrecognized remote plugin message") || strings.Contains(text, "plugin exited before"):
			text = fmt.Sprintf("it does not begin as a plugin does, with the line 1|%d|unix|SOCKET|grpc on its standard output", d.Versions[0])
		}
		if early && p.fate.Load() != isLate {
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

// Connection is the way to it. It breaks with the end of the program.
func (c *Child) Connection() *grpc.ClientConn { return c.calls }

// Version is the version of the protocol that was agreed upon.
func (c *Child) Version() int { return c.plugin.NegotiatedVersion() }

// Ended is closed when the program runs no more.
func (c *Child) Ended() <-chan struct{} { return c.process.ended }

func (c *Child) over() bool {
	select {
	case <-c.process.ended:
		return true
	default:
		return false
	}
}

// Kill ends the program at once, and returns when it has ended. The process goes first: go-plugin would ask it, and wait for
// an answer.
func (c *Child) Kill() {
	_ = c.process.Kill(context.Background()) // it has ended then
	c.plugin.Kill()
}

// Post waits for the end of the program and says how it was: "its process ended: signal: killed".
func (c *Child) Post() error {
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
	return c, nil
}
