package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/diag"
)

const (
	waitPause = time.Second      // between two looks while nothing is heard of
	waitLook  = 10 * time.Second // more than the timeout for the answer to a look, so that what is waited for can be told
)

func waitCommand() command {
	return command{name: "wait", group: running, args: "[ADDRESS]", summary: "Wait until processes are ready, or in another state.",
		example: "recipe wait -timeout=1m app.shop",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			stack := stackFlag(flags)
			state := flags.String("for", "ready", "the `state` that all have to be in, as recipe ps shows it; ready is also one that is scheduled, or finished its work")
			timeout := flags.Duration("timeout", 5*time.Minute, "how long at most")
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 1); err != nil {
					return err
				}
				if names := supervisor.StateNames(); !slices.Contains(names, *state) {
					return hinted{fmt.Errorf("there is no state %q", *state), "Processes are " + strings.Join(names, ", ") + "."}
				}
				client, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				return c.wait(ctx, client, name, strings.Join(args, ""), *state, *timeout)
			}
		}}
}

// wait looks whenever something happens until all processes of the stack that target contains are in a state.
func (c *cli) wait(ctx context.Context, client *agent.Client, stack, target, state string, timeout time.Duration) error {
	within, err := within(target)
	if err != nil {
		return err
	}
	looking, cancel := context.WithTimeout(ctx, timeout+waitLook)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, timeout)
	defer cancel()
	happened := make(chan struct{}, 1)
	go func() { // what cannot be heard is seen a little later
		_ = client.Events(ctx, stack, true, func(agent.Event) error {
			select {
			case happened <- struct{}{}:
			default: // it is going to look anyway
			}
			return nil
		})
	}()
	for {
		units, err := client.Units(looking, stack)
		if err != nil {
			return cmp.Or(context.Cause(looking), err)
		}
		if units, err = unitsIn(units, within, stack, target); err != nil {
			return err
		}
		waits := notYet(units, state)
		if len(waits) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			if context.Cause(ctx) == context.DeadlineExceeded {
				return hinted{fmt.Errorf("not %s after %s: %s", state, timeout, strings.Join(waits, "; ")), wayOut(units, state)}
			}
			return context.Cause(ctx)
		case <-happened:
		case <-time.After(waitPause):
		}
	}
}

// wayOut is what to do about processes that do not come to the wanted state.
func wayOut(units []agent.UnitInfo, state string) string {
	if state != "stopped" && slices.ContainsFunc(units, func(u agent.UnitInfo) bool { return u.State == "stopped" }) {
		return "recipe start starts what was stopped, and recipe logs shows what they wrote."
	}
	return "recipe logs shows what they wrote."
}

// unitsIn are those units that are within target, which has to have some.
func unitsIn(all []agent.UnitInfo, within func(address string) bool, stack, target string) (units []agent.UnitInfo, err error) {
	var components []string
	for _, u := range all {
		components = append(components, u.Component)
		if within(u.Address) {
			units = append(units, u)
		}
	}
	if len(units) > 0 {
		return units, nil
	}
	hint := "Nothing runs."
	if components != nil {
		slices.Sort(components)
		hint = "There is " + strings.Join(slices.Compact(components), ", ") + "." + diag.DidYouMean(target, components)
	}
	return nil, hinted{fmt.Errorf("no process of %s belongs to %s", stack, cmp.Or(target, "it")), hint}
}

// within returns whether an address lies in target; "" contains all.
func within(target string) (func(address string) bool, error) {
	if target == "" {
		return func(string) bool { return true }, nil
	}
	outer, err := addr.Parse(target)
	return func(address string) bool {
		inner, err := addr.Parse(address)
		return err == nil && outer.Contains(inner)
	}, err
}

// notYet lists the units that are in another state, with that.
func notYet(units []agent.UnitInfo, state string) []string {
	var waits []string
	for _, u := range units {
		if u.State == state || state == "ready" && u.Ready {
			continue
		}
		text := u.Address + " is " + u.State
		if u.Message != "" {
			text += ", " + inOneLine(u.Message)
		}
		waits = append(waits, text)
	}
	return waits
}
