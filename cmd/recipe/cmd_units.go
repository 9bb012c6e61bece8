package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
)

const running = "What runs"

func psCommand() command {
	return command{name: "ps", group: running, args: "[ADDRESS...]", summary: "List processes, with state, ports and restarts.",
		example: "recipe ps app.shop\nrecipe ps -stack=shop -json",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			var targets []string
			list := listing(func(client *agent.Client, ctx context.Context, stack string) ([]agent.UnitInfo, error) {
				units, err := client.Units(ctx, stack)
				if err != nil {
					return nil, err
				}
				return unitsOf(units, cmp.Or(stack, "any stack"), targets)
			}, (*cli).printUnits)(c, flags)
			return func(ctx context.Context, args []string) error {
				for _, target := range args {
					if _, err := within(target); err != nil {
						return err
					}
				}
				targets = args
				return list(ctx, nil)
			}
		}}
}

// unitsOf are the units that any of the addresses contains, each of which has to contain some; without addresses all of them.
func unitsOf(units []agent.UnitInfo, stack string, targets []string) ([]agent.UnitInfo, error) {
	if len(targets) == 0 {
		return units, nil
	}
	chosen := map[string]bool{}
	for _, target := range targets {
		within, err := within(target)
		if err != nil {
			return nil, err
		}
		some, err := unitsIn(units, within, stack, target)
		if err != nil {
			return nil, err
		}
		for _, u := range some {
			chosen[u.Stack+"/"+u.Address] = true
		}
	}
	return slices.DeleteFunc(units, func(u agent.UnitInfo) bool { return !chosen[u.Stack+"/"+u.Address] }), nil
}

func (c *cli) printUnits(units []agent.UnitInfo) error {
	if len(units) == 0 {
		fmt.Fprintln(c.stdout, "Nothing runs.")
		return nil
	}
	f := fitting{tail: 1, alike: []string{"STACK", "RESTARTS"}, spare: []string{"CPU", "MEMORY", "PID"}}
	f.rows = [][]string{{"STACK", "PROCESS", "ROLE", "STATE", "FOR", "PID", "CPU", "MEMORY", "PORTS", "RESTARTS", ""}}
	for _, u := range units {
		pid, cpu, memory := "-", "-", "-"
		if u.PID != 0 {
			pid, cpu, memory = strconv.Itoa(u.PID), fmt.Sprintf("%.1fs", u.CPU), fmt.Sprintf("%dM", (u.Memory+1<<19)>>20)
		}
		if u.Executor != "" {
			u.Message = strings.TrimPrefix(u.Message+", run by "+u.Executor, ", ")
		}
		f.rows = append(f.rows, []string{u.Stack, u.Address, cmp.Or(u.Role, "-"), u.State, ago(u.Since), pid, cpu, memory, ports(u.Ports), strconv.Itoa(u.Restarts), note(u)})
	}
	if !slices.ContainsFunc(units, func(u agent.UnitInfo) bool { return u.Role != "" }) { // nobody has backups
		f.rows = mapRows(f.rows, func(cells []string) []string { return slices.Delete(cells, 2, 3) })
	}
	return c.print(f)
}

// note is what there is to say of a process: what is wrong, or when it runs.
func note(u agent.UnitInfo) string {
	var parts []string
	if u.Next != nil {
		parts = append(parts, "next "+u.Next.Local().Format(time.DateTime))
	}
	if u.Last != nil && u.Last.Ended != nil {
		parts = append(parts, fmt.Sprintf("last %s %s ago", u.Last.Outcome, ago(*u.Last.Ended)))
	}
	if u.Message != "" {
		parts = append(parts, inOneLine(u.Message))
	}
	return strings.Join(parts, ", ")
}

func ports(m map[string]int) string {
	if len(m) == 0 {
		return "-"
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, fmt.Sprintf("%s=%d", name, m[name]))
	}
	return strings.Join(list, ",")
}

// ago is a time since as people say it: 4s, 12m, 3h, 2d.
func ago(t time.Time) string {
	switch d := time.Since(t); {
	case t.IsZero():
		return "-"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}

func restartCommand() command {
	return actCommand("restart", "Stop and start processes, in the order of their needs.", "Restarted")
}

func stopCommand() command {
	return actCommand("stop", "Stop processes until recipe start or apply; they stay stopped over a reboot.", "Stopped")
}

func startCommand() command {
	return actCommand("start", "Start stopped processes, in the order of their needs.", "Started")
}

func actCommand(verb, summary, done string) command {
	return command{name: verb, group: running, args: "[ADDRESS...]", summary: summary, example: "recipe " + verb + " app.shop",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			stack := stackFlag(flags)
			return func(ctx context.Context, args []string) error {
				client, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				if len(args) == 0 {
					args = []string{""}
				}
				for _, target := range args {
					answer, err := client.Act(ctx, verb, agent.UnitRequest{Stack: name, Target: target})
					if err != nil {
						return err
					}
					if c.json {
						c.printJSON(answer)
						continue
					}
					for _, unit := range answer.Units {
						fmt.Fprintf(c.stdout, "%s %s\n", done, unit)
					}
				}
				return nil
			}
		}}
}

func logsCommand() command {
	return command{name: "logs", group: running, args: "[ADDRESS]", summary: "Print what processes wrote, and go on with -f.",
		example: "recipe logs -f app.shop",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			stack := stackFlag(flags)
			follow := flags.Bool("f", false, "go on with what is written from now on")
			lines := flags.Int("n", 100, "how many `lines` of each process to begin with")
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 1); err != nil {
					return err
				}
				client, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				target := strings.Join(args, "")
				err = client.Logs(ctx, name, target, *lines, *follow, func(l agent.LogLine) error {
					if c.json {
						c.printJSON(l)
						return nil
					}
					_, err := fmt.Fprintf(c.stdout, "%s | %s\n", l.Unit, l.Line)
					return err
				})
				if *follow && (errors.Is(err, context.Canceled) || ctx.Err() != nil) {
					return nil // this is how following ends
				}
				return err
			}
		}}
}
