package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/config"
)

// stackFlags are the flags of commands that work with the files of a stack.
type stackFlags struct {
	c         *cli
	variables []agent.VariableValue // from flags, in their order
	targets   list
	replace   list
	refresh   bool
	backup    bool
	input     bool
	locked    bool
}

func (c *cli) stackFlags(flags *flag.FlagSet) *stackFlags {
	s := &stackFlags{c: c}
	flags.Func("var", "`name=value` of a variable; may be repeated", func(text string) error {
		name, value, found := strings.Cut(text, "=")
		if !found {
			return fmt.Errorf("%q is not name=value", text)
		}
		s.variables = append(s.variables, agent.VariableValue{Name: name, Text: value, From: "-var"})
		return nil
	})
	flags.Func("var-file", "a `file` of values, name = value a line; may be repeated", func(name string) error {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		s.variables = append(s.variables, agent.VariableValue{Text: string(text), From: name})
		return nil
	})
	flags.BoolVar(&s.input, "input", true, "ask questions")
	return s
}

// planFlags are the further flags of commands that plan.
func (s *stackFlags) planFlags(flags *flag.FlagSet) {
	flags.Var(&s.targets, "target", "only this `address` and what it needs; may be repeated")
	flags.Var(&s.replace, "replace", "make the resource with this `address` anew; may be repeated")
	backupFlag(flags, &s.backup)
	flags.BoolVar(&s.refresh, "refresh", true, "look at what is there before planning")
}

// backupFlag is that of commands whose plan may delete data.
func backupFlag(flags *flag.FlagSet, to *bool) {
	flags.BoolVar(to, "backup", true, "take a backup of data before it is deleted, where the recipe can")
}

// lockFlag is that of commands that take versions from the lock file.
func (s *stackFlags) lockFlag(flags *flag.FlagSet) {
	flags.BoolVar(&s.locked, "locked", false, "fail when the lock file would change")
}

// request is the plan to ask for; args holds at most the path of the stack.
func (s *stackFlags) request(args []string) (agent.PlanRequest, error) {
	q := agent.PlanRequest{Recipe: version, Trust: !s.refresh, NoBackup: !s.backup, Locked: s.locked, Variables: append(s.environment(), s.variables...)}
	path, err := stackPath(args)
	if err != nil {
		return q, err
	}
	q.Path = path
	for _, text := range s.targets {
		a, err := addr.Parse(text)
		if err != nil {
			return q, err
		}
		q.Targets = append(q.Targets, a)
	}
	for _, text := range s.replace {
		a, err := addr.Parse(text)
		if err != nil {
			return q, err
		}
		q.Replace = append(q.Replace, a)
	}
	return q, nil
}

// environment are the variables given as RECIPE_VAR_name.
func (s *stackFlags) environment() []agent.VariableValue {
	var values []agent.VariableValue
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if name, ok := strings.CutPrefix(name, variablePrefix); ok {
			values = append(values, agent.VariableValue{Name: name, Text: value, From: variablePrefix + name, Hint: true})
		}
	}
	slices.SortFunc(values, func(a, b agent.VariableValue) int { return strings.Compare(a.Name, b.Name) })
	return values
}

// stackPath is the absolute path of the stack named by args, the current directory without any.
func stackPath(args []string) (string, error) {
	if err := atMost(args, 1); err != nil {
		return "", err
	}
	path := "."
	if len(args) == 1 {
		path = args[0]
	}
	return filepath.Abs(path)
}

// stackName finds the name of the stack that a command is about: -stack, or that of the stack in a path.
func stackName(flagged string, args []string) (string, error) {
	if flagged != "" {
		return flagged, nil
	}
	path, err := stackPath(args)
	if err != nil {
		return "", err
	}
	s, err := loadStack(path)
	if err != nil {
		return "", err
	}
	if s.Name == "" {
		return "", hinted{fmt.Errorf("there is no stack in %s", path), "Go to its directory, or name it with -stack=NAME."}
	}
	return s.Name, nil
}

// loadStack reads a stack's files for their structure alone; mistakes are told by the commands that plan.
func loadStack(path string) (*config.Stack, error) {
	directory, name := filepath.Split(path)
	info, err := os.Stat(path)
	if err != nil {
		return nil, hinted{fmt.Errorf("there is no stack at %s", path), "Name a stack file or a directory of them."}
	}
	if info.IsDir() {
		directory, name = path, "."
	}
	s, _ := config.Load(os.DirFS(directory), name)
	return s, nil
}

// stackFlag declares -stack, for onStack.
func stackFlag(flags *flag.FlagSet) *string {
	return flags.String("stack", "", "the stack's `name`; else that of the stack here")
}

// onStack is a client with the name of the stack that a command is about. The client is nil when nothing runs.
func (c *cli) onStack(ctx context.Context, flagged string) (*agent.Client, string, error) {
	name, err := stackName(flagged, nil)
	if err != nil {
		return nil, "", err
	}
	client, err := c.running(ctx)
	if err == nil && client == nil {
		err = hinted{fmt.Errorf("the stack %s was never applied here", name), "recipe apply starts it. Nothing is kept of a first apply that was taken back."}
	}
	return client, name, err
}

// lastError is what the last framed error of a log says, or its last line if there is none.
func lastError(log []byte) string {
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	for _, line := range slices.Backward(lines) {
		if text, ok := strings.CutPrefix(line, "│ Error: "); ok {
			return text
		}
	}
	return lines[len(lines)-1]
}
