package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
)

// completeWord is the command line's first word by which the scripts below ask what a word may become. It is not listed.
const completeWord = "__complete"

// completions are scripts for shells. Each hands over the words up to the one under the cursor, and offers files where there is no answer.
var completions = map[string]string{
	"bash": `_recipe() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$(printf '%q' "$word")")
    done < <("$1" ` + completeWord + ` "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _recipe recipe
`,
	"zsh": `#compdef recipe
_recipe() {
    local -a found
    found=(${(f)"$("$words[1]" ` + completeWord + ` "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if (( $#found )); then
        compadd -a found
    else
        _files
    fi
}
if [ "$funcstack[1]" = _recipe ]; then
    _recipe "$@"
else
    compdef _recipe recipe
fi
`,
}

func completionCommand() command {
	return command{name: "completion", group: "The agent", args: "bash | zsh", summary: "Print a script that has the shell complete commands, flags and addresses.",
		example: "source <(recipe completion bash)",
		setup: func(c *cli, _ *flag.FlagSet) func(context.Context, []string) error {
			return func(_ context.Context, args []string) error {
				if len(args) != 1 || completions[args[0]] == "" {
					return hinted{errors.New("there are recipe completion bash and recipe completion zsh"), "recipe completion -h has an example."}
				}
				_, err := fmt.Fprint(c.stdout, completions[args[0]])
				return err
			}
		}}
}

// complete lists what the last of the words, which follow the word recipe, may become. It starts no agent.
func (c *cli) complete(ctx context.Context, words []string) []string {
	words = slices.DeleteFunc(words, func(w string) bool { return w == "=" }) // bash makes a word of it
	if len(words) == 0 {
		words = []string{""}
	}
	before, last := words[:len(words)-1], unquoted(words[len(words)-1])
	var all []string
	switch {
	case len(before) == 0 || before[0] == "help":
		all = commandNames()
	default:
		i := slices.IndexFunc(commands(), func(cmd command) bool { return cmd.name == before[0] })
		if i < 0 || slices.Contains(before, "--") {
			return nil
		}
		all = c.completeIn(ctx, commands()[i], before[1:], last)
	}
	return slices.DeleteFunc(all, func(s string) bool { return !strings.HasPrefix(s, last) })
}

// unquoted is a word as the shell would hand it over; it may not be whole yet.
func unquoted(word string) string { return strings.NewReplacer(`\`, "", `'`, "").Replace(word) }

func commandNames() []string {
	names := []string{"help"}
	for _, cmd := range commands() {
		names = append(names, cmd.name)
	}
	slices.Sort(names)
	return names
}

// completeIn lists what may stand at a place of one command.
func (c *cli) completeIn(ctx context.Context, cmd command, before []string, last string) []string {
	stack := ""
	for i, word := range before {
		if strings.TrimLeft(word, "-") == "stack" && i+1 < len(before) {
			stack = before[i+1]
		} else if _, name, ok := strings.Cut(word, "-stack="); ok {
			stack = name
		}
	}
	switch {
	case len(before) > 0 && slices.Contains([]string{"-stack", "--stack"}, before[len(before)-1]):
		return c.completeUnits(ctx, "", func(u agent.UnitInfo) []string { return []string{u.Stack} })
	case strings.HasPrefix(last, "-"):
		return flagNames(cmd, strings.HasPrefix(last, "--"))
	}
	if stack == "" {
		stack, _ = stackName("", nil) // of none here those of all stacks are listed
	}
	var all []string
	if len(before) == 0 {
		all = actions(cmd.args)
	}
	switch {
	case strings.Contains(cmd.args, "ADDRESS") && cmd.group == running:
		all = append(all, c.completeUnits(ctx, stack, func(u agent.UnitInfo) []string { return []string{u.Component, u.Address} })...)
	case strings.Contains(cmd.args, "COMPONENT"):
		all = append(all, c.completeUnits(ctx, stack, func(u agent.UnitInfo) []string { return []string{u.Component} })...)
	}
	return all
}

// flagNames are the flags of a command, with one dash or two.
func flagNames(cmd command, two bool) []string {
	flags := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Bool("no-color", false, "")
	cmd.setup(&cli{getenv: func(string) string { return "" }}, flags)
	var names []string
	flags.VisitAll(func(f *flag.Flag) {
		if two {
			names = append(names, "--"+f.Name)
		} else {
			names = append(names, "-"+f.Name)
		}
	})
	return names
}

// actions are the words of a command's arguments that are written as they stand: "list" and "verify" of "[list | verify] COMPONENT".
func actions(args string) []string {
	var words []string
	for part := range strings.SplitSeq(args, "|") {
		word, _, _ := strings.Cut(strings.Trim(part, " []"), " ")
		if word = strings.Trim(word, "[]"); word != "" && strings.ToLower(word) == word {
			words = append(words, word)
		}
	}
	return words
}

// completeUnits lists what is told of the processes of a stack, or of all, once each, sorted; nothing when no agent answers soon.
func (c *cli) completeUnits(ctx context.Context, stack string, told func(agent.UnitInfo) []string) []string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	units, err := agent.Dial(c.home).Units(ctx, stack)
	if err != nil {
		return nil
	}
	var all []string
	for _, u := range units {
		all = append(all, told(u)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
