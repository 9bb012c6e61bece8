package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/cgroup"
	"github.com/nsynapse/recipe/executor/doctor"
	"github.com/nsynapse/recipe/executor/landlock"
	"github.com/nsynapse/recipe/executor/port"
)

func doctorCommand() command {
	return command{name: "doctor", group: "The agent", summary: "Look what this machine can do, and say what to do about what it cannot.",
		example: "recipe doctor -json",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 0); err != nil {
					return err
				}
				return c.doctor(ctx)
			}
		}}
}

func (c *cli) doctor(ctx context.Context) error {
	in := doctor.Input{Home: c.home, UID: os.Geteuid(), Cgroups: c.cgroups(ctx), Landlock: landlock.Version(), Agent: func() doctor.Finding { return c.agentFinding(ctx) }}
	var err error
	if in.Ports, err = portRange(c.getenv("RECIPE_PORTS")); err != nil {
		return err
	}
	in.Ports[0], in.Ports[1] = cmp.Or(in.Ports[0], port.Low), cmp.Or(in.Ports[1], port.High)
	fronts, err := fronts(c.getenv, in.UID)
	if err != nil {
		return err
	}
	in.HTTP, in.HTTPS = fronts.HTTP, fronts.HTTPS
	all := doctor.Examine(ctx, in)
	if err := c.printFindings(all); err != nil {
		return err
	}
	if !doctor.Sound(all) {
		return exitCode(exitError)
	}
	return nil
}

// cgroups are those that a running agent may make, which may be others than we could: systemd may have handed it some.
func (c *cli) cgroups(ctx context.Context) cgroup.Offer {
	info, err := agent.Dial(c.home).Version(ctx)
	if err != nil || info.Build != build() {
		return cgroup.Look().Offer()
	}
	return info.Cgroups
}

// agentFinding tells of the agent without starting one.
func (c *cli) agentFinding(ctx context.Context) doctor.Finding {
	info, err := agent.Dial(c.home).Version(ctx)
	switch {
	case errors.Is(err, agent.ErrNoAgent):
		return doctor.Finding{State: doctor.Fine, Detail: "does not run; the next command that needs one starts it"}
	case err != nil:
		return doctor.Finding{State: doctor.Missing, Detail: err.Error(), Hint: "Its log is " + c.home + "/agent.log."}
	case info.Build != build():
		return doctor.Finding{State: doctor.Without, Detail: fmt.Sprintf("runs as process %d, version %s, another build than this", info.PID, info.Version), Hint: "The next command replaces it; apps go on."}
	}
	return doctor.Finding{State: doctor.Fine, Detail: fmt.Sprintf("runs as process %d, version %s", info.PID, info.Version)}
}

func (c *cli) printFindings(all []doctor.Finding) error {
	if c.json {
		c.printJSON(map[string]any{"format_version": "1.0", "sound": doctor.Sound(all), "findings": all})
		return nil
	}
	marks := map[doctor.State]string{doctor.Fine: "✓", doctor.Without: "!", doctor.Missing: "✗"}
	w := newTable(c.stdout)
	for _, f := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\n", marks[f.State], f.Name, f.Detail)
		if f.Hint != "" {
			fmt.Fprintf(w, "\t\t→ %s\n", f.Hint)
		}
	}
	return w.Flush()
}
