package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/router"
	"github.com/nsynapse/recipe/executor/systemd"
)

func agentCommand() command {
	return command{name: "agent", group: "The agent", args: "[install | uninstall]", summary: "Run the agent, or have it started with the machine; other commands start it by themselves.",
		example: "recipe agent -stop",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			stop := flags.Bool("stop", false, "end the running agent; apps go on")
			idle := flags.Duration("idle", 3*time.Second, "end when there is no stack and nobody asks for anything; 0 for never")
			print := flags.Bool("print", false, "install: print the unit of systemd, and the line for cron, and do nothing")
			user := flags.Bool("user", false, "install, uninstall: for the systemd of this user; of itself for all but root")
			manager := flags.String("manager", "", "set by install: the systemd, system or user, at whose end all that runs is ended in order")
			metrics := flags.String("metrics", c.getenv("RECIPE_METRICS"), "answer GET /metrics on this `address` of this machine, such as 127.0.0.1:9464")
			return func(ctx context.Context, args []string) error {
				switch {
				case len(args) == 1 && args[0] == "install":
					return c.installAgent(ctx, *user, *print)
				case len(args) == 1 && args[0] == "uninstall":
					return c.uninstallAgent(ctx, *user)
				}
				if err := atMost(args, 0); err != nil {
					return err
				}
				if *stop {
					return c.stopAgent(ctx)
				}
				if *manager != "" && *manager != "system" && *manager != "user" {
					return fmt.Errorf("-manager is %q, and has to be system or user", *manager)
				}
				return c.serveAgent(ctx, agent.Options{Idle: *idle, Metrics: *metrics}, *manager)
			}
		}}
}

func (c *cli) stopAgent(ctx context.Context) error {
	client := agent.Dial(c.home)
	info, err := client.Version(ctx)
	if err != nil {
		return err
	}
	if err := c.yield(ctx); err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "The agent (process %d) ends. Apps go on; the next command starts a new agent.\n", info.PID)
	return nil
}

// serveAgent is the agent itself. o holds what the command line says.
func (c *cli) serveAgent(ctx context.Context, o agent.Options, manager string) error {
	keepMemory()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find the program recipe: %w", err)
	}
	o.Home, o.Program, o.Version, o.Build, o.Log = c.home, program, version, build(), c.stderr
	if o.Ports, err = portRange(c.getenv("RECIPE_PORTS")); err != nil {
		return err
	}
	if o.Fronts, err = fronts(c.getenv, os.Geteuid()); err != nil {
		return err
	}
	o.AccessLog = c.getenv("RECIPE_ACCESS_LOG") != "off"
	// The small program beside ours starts faster and needs less memory; without it ours does the same.
	if shim := filepath.Join(filepath.Dir(program), "recipe-shim"); executable(shim) {
		o.Shim = []string{shim}
	}
	if o.Metrics != "" {
		if err := agent.CheckMetrics(o.Metrics); err != nil {
			return err
		}
	}
	a, err := agent.New(o)
	if err != nil {
		return err
	}
	if err := a.Start(); err != nil {
		return err
	}
	serveErr := a.Serve(ctx)
	end := a.Close
	if after := context.WithoutCancel(ctx); manager != "" && systemd.Stopping(after, manager == "user") {
		end = func() error { return a.Halt(after) }
	}
	if err := end(); err != nil {
		fmt.Fprintln(c.stderr, err)
	}
	return serveErr
}

// fronts are where routes are answered: RECIPE_HTTP and RECIPE_HTTPS, else the usual ports on this machine alone, which
// for ordinary users are those above 1024.
func fronts(getenv func(string) string, uid int) (router.Addresses, error) {
	a := router.Addresses{HTTP: "127.0.0.1:8080", HTTPS: "127.0.0.1:8443"}
	if uid == 0 {
		a = router.Addresses{HTTP: "127.0.0.1:80", HTTPS: "127.0.0.1:443"}
	}
	for name, address := range map[string]*string{"RECIPE_HTTP": &a.HTTP, "RECIPE_HTTPS": &a.HTTPS} {
		text := getenv(name)
		if text == "" {
			continue
		}
		_, port, err := net.SplitHostPort(text)
		if n, errPort := strconv.Atoi(port); err != nil || errPort != nil || n < 1 || n > 65535 {
			return a, fmt.Errorf("%s is %q, and has to be where to listen, such as 127.0.0.1:8080, or :80 for all addresses", name, text)
		}
		*address = text
	}
	if a.HTTP == a.HTTPS {
		return a, fmt.Errorf("RECIPE_HTTP and RECIPE_HTTPS are both %s", a.HTTP)
	}
	return a, nil
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// portRange reads RECIPE_PORTS, first-last; zeros for nothing.
func portRange(text string) (ports [2]int, err error) {
	if text == "" {
		return ports, nil
	}
	first, last, _ := strings.Cut(text, "-")
	low, err1 := strconv.Atoi(first)
	high, err2 := strconv.Atoi(last)
	if err1 != nil || err2 != nil || low < 1 || high > 65535 || low > high {
		return ports, fmt.Errorf("RECIPE_PORTS is %q, and has to be the first and the last port, such as 21000-21999", text)
	}
	return [2]int{low, high}, nil
}
