package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/systemd"
)

// homeOf is RECIPE_HOME, or its default: /var/lib/recipe for root, else below the user's own data.
func homeOf(getenv func(string) string) string {
	home := getenv("RECIPE_HOME")
	switch {
	case home != "":
	case os.Geteuid() == 0:
		home = "/var/lib/recipe"
	case getenv("XDG_DATA_HOME") != "":
		home = filepath.Join(getenv("XDG_DATA_HOME"), "recipe")
	default:
		home = filepath.Join(getenv("HOME"), ".local", "share", "recipe")
	}
	if absolute, err := filepath.Abs(home); err == nil {
		return absolute
	}
	return home
}

// agent returns a client of our agent, which is started when it does not run, and replaced when it is another build.
func (c *cli) agent(ctx context.Context) (*agent.Client, error) {
	client := agent.Dial(c.home)
	var s starter
	client.Start, client.Failed = func(home string) error { return s.start(c, home) }, s.failed
	info, err := client.Version(ctx)
	if err != nil {
		return nil, err
	}
	if info.Build == build() {
		return client, nil
	}
	if err := c.otherProgram(ctx); err != nil {
		return nil, err
	}
	// Apps do not notice; they belong to their shims.
	if err := client.Shutdown(ctx); err != nil {
		var problem *agent.Problem
		if errors.As(err, &problem) && problem.Kind == "busy" {
			return client, nil // it finishes its run first
		}
		return nil, fmt.Errorf("the running agent is another build of recipe and cannot be replaced: %w", err)
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if info, err = client.Version(ctx); err == nil && info.Build == build() {
			return client, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil, fmt.Errorf("the agent of another build of recipe does not end (process %d)", info.PID)
}

// build tells apart builds of the program: its size and time.
func build() string {
	program, err := os.Executable()
	if err != nil {
		return version
	}
	info, err := os.Stat(program)
	if err != nil {
		return version
	}
	return fmt.Sprintf("%s %d %d", version, info.Size(), info.ModTime().UnixNano())
}

// running returns a client of our agent, or nil if none runs: for commands that need none to say so.
func (c *cli) running(ctx context.Context) (*agent.Client, error) {
	client := agent.Dial(c.home)
	if _, err := client.Version(ctx); errors.Is(err, agent.ErrNoAgent) {
		// An agent that ends because there is nothing left takes its files with it, the stacks' directory last. Where
		// that is, one was killed, and its successor has something to look after or to tidy up.
		if _, err := os.Stat(filepath.Join(c.home, "stacks")); err == nil {
			return c.agent(ctx)
		}
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return c.agent(ctx)
}

// installed is the unit by which systemd starts the agent of this home, if there is one.
func (c *cli) installed() (u systemd.Unit, ok bool) {
	u, err := c.agentUnit()
	if err != nil {
		return u, false
	}
	if !u.Installed(c.getenv) {
		u.User = true // which root may have, too
	}
	return u, u.Installed(c.getenv)
}

// startUnit has systemd start the agent, if it was installed there. An agent of ours beside that unit would be in its way.
func (c *cli) startUnit() (started bool, err error) {
	u, ok := c.installed()
	if !ok {
		return false, nil
	}
	err = u.Start(context.Background())
	if err != nil && !errors.Is(err, systemd.ErrAbsent) {
		if other := c.otherProgram(context.Background()); other != nil {
			return true, other
		}
	}
	return !errors.Is(err, systemd.ErrAbsent), err
}

// otherProgram is an error if systemd runs another program than this one as the agent: it would start that again and again.
func (c *cli) otherProgram(ctx context.Context) error {
	u, ok := c.installed()
	if !ok {
		return nil
	}
	program := u.Starts(ctx, c.getenv)
	if program == "" || program == u.Program {
		return nil
	}
	what := "another build than"
	if _, err := os.Stat(program); err != nil {
		what = "and that is not there any more; this is"
	}
	return hinted{fmt.Errorf("systemd runs %s as the agent (%s), %s %s", program, u.Name(), what, u.Program),
		"recipe agent install has it run this one from now on; apps go on."}
}

// A starter starts an agent in the background, and hears of its end. It is safe for concurrent use.
type starter struct {
	mu  sync.Mutex
	err error
}

// failed is why the agent has ended.
func (s *starter) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// heard takes in how the agent has ended, whose log begins at a byte of a file. One that found another one running has left the
// home to that; one that was killed has said nothing of it.
func (s *starter) heard(err error, log string, from int64) {
	if err == nil {
		return
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.Exited() {
		if text, _ := os.ReadFile(log); int64(len(text)) > from {
			err = errors.New(lastError(text[from:]))
		}
	}
	if strings.Contains(strings.ToLower(err.Error()), agent.ErrRunning.Error()) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = fmt.Errorf("the agent does not start: %w", err)
}

func (s *starter) start(c *cli, home string) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find the program recipe: %w", err)
	}
	if err := os.MkdirAll(home, 0o711); err != nil {
		return fmt.Errorf("cannot make RECIPE_HOME: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(home, "agent.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("cannot open the agent's log: %w", err)
	}
	defer log.Close()
	from, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("cannot read the agent's log: %w", err)
	}
	if started, err := c.startUnit(); started {
		return err
	}
	cmd := exec.Command(program, "agent")
	cmd.Env = agentEnvironment(os.Environ(), home)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start the agent: %w", err)
	}
	go func() { s.heard(cmd.Wait(), log.Name(), from) }()
	return nil
}
