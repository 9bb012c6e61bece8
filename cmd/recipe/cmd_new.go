package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/nsynapse/recipe/providers/plugin/scaffold"
)

func newCommand() command {
	return command{name: "new", group: "Plugins", args: "plugin NAMESPACE/NAME [DIRECTORY]", summary: "Begin a plugin: a Go module that works.",
		example: "recipe new plugin acme/greeting",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			module := flags.String("module", "", "the `path` of the Go module; otherwise example.com/NAMESPACE/NAME")
			replace := flags.String("replace", "", "a `directory` with the source of recipe that the module is to use")
			return func(_ context.Context, args []string) error {
				if len(args) < 2 || len(args) > 3 || args[0] != "plugin" {
					return hinted{errors.New("there is recipe new plugin NAMESPACE/NAME"), "recipe new -h has an example."}
				}
				p := scaffold.Plugin{Name: args[1], Module: *module, Replace: *replace, Version: "v" + strings.TrimSuffix(version, "-dev")}
				return c.newPlugin(p, append(args, path.Base(args[1]))[2])
			}
		}}
}

func (c *cli) newPlugin(p scaffold.Plugin, dir string) error {
	made, err := p.Write(dir)
	if errors.Is(err, fs.ErrExist) {
		return hinted{fmt.Errorf("there is something in %s already, and nothing is overwritten: %w", dir, err),
			"Name another directory: recipe new plugin " + p.Name + " DIRECTORY"}
	}
	if err != nil {
		return fmt.Errorf("cannot make the plugin: %w", err)
	}
	if c.json {
		c.printJSON(map[string]any{"directory": dir, "files": made})
		return nil
	}
	c.say(fmt.Sprintf("The plugin %s is in %s. Next:\n\n  cd %s\n  go mod tidy\n  go build -o bin/%s .\n  recipe plugin test bin/%s\n\nIts README says how it is published.", p.Name, dir, dir, p.Prefix(), p.Prefix()))
	return nil
}
