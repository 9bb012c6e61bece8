package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/lang/diag"
)

// command is one word of the command line.
type command struct {
	name    string
	args    string // "[PATH]"
	summary string
	example string
	// setup declares the flags and returns what to do with the arguments that are left.
	setup func(c *cli, flags *flag.FlagSet) func(ctx context.Context, args []string) error
	group string // the heading it is listed under
}

// commands lists all of them in the order of the help.
func commands() []command {
	return []command{
		validateCommand(), fmtCommand(),
		planCommand(), applyCommand(), destroyCommand(), importCommand(), showCommand(), graphCommand(), outputCommand(), historyCommand(),
		rollbackCommand(), promoteCommand(), scaleCommand(),
		psCommand(), routesCommand(), topCommand(), logsCommand(), eventsCommand(), restartCommand(), stopCommand(), startCommand(), waitCommand(),
		runCommand(), runNowCommand(), runsCommand(), backupCommand(), restoreCommand(),
		lockCommand(), bundleCommand(), whyCommand(), outdatedCommand(), solveCommand(),
		packageCommand(), publishCommand(), pullCommand(), searchCommand(), infoCommand(), cacheCommand(), yankCommand(),
		keyCommand(), trustCommand(), registryCommand(),
		newCommand(), pluginCommand(),
		agentCommand(), doctorCommand(), gcCommand(), caCommand(), completionCommand(), versionCommand(),
	}
}

func (c *cli) dispatch(ctx context.Context, args []string) error {
	if len(args) > 1 && args[0] == "help" && !strings.HasPrefix(args[1], "-") {
		args = []string{args[1], "-h"}
	}
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		c.help()
		return nil
	}
	if args[0] == "-version" || args[0] == "--version" || args[0] == "-v" {
		args[0] = "version"
	}
	if args[0] == completeWord {
		for _, word := range c.complete(ctx, args[1:]) {
			fmt.Fprintln(c.stdout, word)
		}
		return nil
	}
	for _, cmd := range commands() {
		if cmd.name == args[0] {
			return c.runCommand(ctx, cmd, args[1:])
		}
	}
	return noCommand(args[0])
}

// noCommand is the error of a word that is no command, with the one that may be meant.
func noCommand(word string) error {
	hint := "recipe help lists all commands."
	switch here, near := elsewhere[word], diag.Suggest(word, commandNames()); {
	case here != "":
		hint = fmt.Sprintf("%s %s", here, hint)
	case strings.HasPrefix(word, "-"):
		hint = "Flags stand after the command: recipe COMMAND -flag. " + hint
	case near != "":
		hint = fmt.Sprintf("Did you mean %q? %s", near, hint)
	}
	return hinted{fmt.Errorf("there is no command %q", word), hint}
}

// elsewhere has words of other programs, and how the same is done here.
var elsewhere = map[string]string{
	"build":     "recipe apply builds what a recipe installs; recipe package makes an archive of one.",
	"check":     "recipe validate checks a stack.",
	"config":    "recipe validate checks a stack, recipe plan shows what it becomes.",
	"create":    "recipe apply starts a stack.",
	"deploy":    "recipe apply starts and updates a stack.",
	"down":      "recipe destroy takes a stack down, with its data; recipe stop stops its processes and keeps them.",
	"exec":      "recipe run ADDRESS -- COMMAND runs a command beside a process.",
	"init":      "Nothing has to be prepared: recipe plan reads the files as they are.",
	"list":      "recipe ps lists what runs.",
	"ls":        "recipe ps lists what runs.",
	"push":      "recipe apply starts and updates a stack; recipe publish puts a package into a registry.",
	"refresh":   "recipe plan looks at what is there by itself.",
	"remove":    "recipe destroy takes a stack down, with its data.",
	"rm":        "recipe destroy takes a stack down, with its data.",
	"shell":     "recipe run ADDRESS -- sh opens a shell beside a process.",
	"ssh":       "recipe run ADDRESS -- sh opens a shell beside a process.",
	"state":     "recipe show shows what is recorded of a stack.",
	"status":    "recipe ps lists what runs.",
	"uninstall": "recipe destroy takes a stack down, with its data; recipe agent uninstall is about systemd.",
	"up":        "recipe apply starts a stack; recipe logs -f follows what it says.",
	"upgrade":   "recipe lock -upgrade takes newer packages, recipe apply brings them.",
}

func (c *cli) runCommand(ctx context.Context, cmd command, args []string) error {
	flags := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	noColor := flags.Bool("no-color", false, "plain text")
	do := cmd.setup(c, flags)
	// Flags may stand before and after arguments; what follows two dashes are arguments.
	var rest, plain []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, plain = args[:i], args[i+1:]
	}
	for {
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			c.commandHelp(cmd, flags)
			return nil
		} else if err != nil {
			return badFlag(err, cmd, flags)
		}
		args = flags.Args()
		if len(args) == 0 {
			break
		}
		rest, args = append(rest, args[0]), args[1:]
	}
	c.color = c.color && !*noColor
	return do(ctx, append(rest, plain...))
}

// badFlag is what flag says of a mistake, in our words where the flag is unknown, with the one that may be meant.
func badFlag(err error, cmd command, flags *flag.FlagSet) error {
	hint := fmt.Sprintf("recipe %s -h tells its flags.", cmd.name)
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return hinted{err, hint}
	}
	var names []string
	flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	if near := diag.Suggest(name, names); near != "" {
		hint = fmt.Sprintf("Did you mean -%s? %s", near, hint)
	}
	return hinted{fmt.Errorf("there is no flag -%s", name), hint}
}

// help lists the commands.
func (c *cli) help() {
	fmt.Fprintln(c.stdout, "recipe turns one file, stack.hcl, into running software.\n\nUsage: recipe COMMAND [-flags] [arguments]")
	group := ""
	for _, cmd := range commands() {
		if cmd.group != group {
			group = cmd.group
			fmt.Fprintf(c.stdout, "\n%s\n", group)
		}
		fmt.Fprintf(c.stdout, "  %-10s %s\n", cmd.name, cmd.summary)
	}
	fmt.Fprintln(c.stdout, "\nrecipe COMMAND -h tells more. RECIPE_HOME says where agent, store and state live.")
}

func (c *cli) commandHelp(cmd command, flags *flag.FlagSet) {
	fmt.Fprintf(c.stdout, "%s\n\nUsage: recipe %s [-flags] %s\n\nFlags:\n", cmd.summary, cmd.name, cmd.args)
	var b bytes.Buffer
	flags.SetOutput(&b)
	flags.PrintDefaults()
	fmt.Fprint(c.stdout, b.String())
	if cmd.example != "" {
		fmt.Fprintf(c.stdout, "\nExample:\n  %s\n", strings.ReplaceAll(cmd.example, "\n", "\n  "))
	}
}

// jsonFlag declares -json.
func (c *cli) jsonFlag(flags *flag.FlagSet) { flags.BoolVar(&c.json, "json", false, "print JSON") }

// say prints a line for people; with -json nothing.
func (c *cli) say(line string) {
	if !c.json {
		fmt.Fprintln(c.stdout, line)
	}
}

// printJSON prints one value on one line.
func (c *cli) printJSON(v any) {
	encoder := json.NewEncoder(c.stdout)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // nobody is left to tell
}

// atMost refuses more arguments than a command takes.
func atMost(args []string, n int) error {
	if len(args) > n {
		return fmt.Errorf("unexpected argument %q", args[n])
	}
	return nil
}

// list is a flag that can be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, " ") }

func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}
