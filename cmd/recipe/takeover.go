package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/lang/addr"
)

// takeOver is recipe promote -force: it says what may be lost, asks, and makes a primary of a backup that does not become one by itself.
func (c *cli) takeOver(ctx context.Context, flags *flag.FlagSet, args []string) error {
	flag := func(name string) string { return flags.Lookup(name).Value.String() }
	if len(args) != 1 {
		return hinted{errors.New("promote -force takes one instance, such as middleware.postgresql[1]"), "recipe ps shows the instances and their roles."}
	}
	at, err := addr.Parse(args[0])
	if err != nil {
		return err
	}
	if at.Index < 0 || at.Part != "" {
		return hinted{fmt.Errorf("%q is not an instance, such as middleware.postgresql[1]", args[0]), "recipe ps shows the instances and their roles."}
	}
	if c.json && flag("auto-approve") != "true" {
		return hinted{errors.New("-json cannot ask"), "Add -auto-approve."}
	}
	client, name, err := c.onStack(ctx, flag("stack"))
	if err != nil {
		return err
	}
	units, err := client.Units(ctx, name)
	if err != nil {
		return err
	}
	primaries, err := primariesBeside(units, name, at)
	if err != nil {
		return err
	}
	if !c.json {
		c.warnOfLoss(units, at, primaries)
	}
	if flag("auto-approve") != "true" {
		if err := c.confirm(ctx, "Do you really want to give that up?", flag("input") == "true", "Add -auto-approve."); err != nil {
			return err
		}
	}
	answer, err := client.Act(ctx, "take-over", agent.UnitRequest{Stack: name, Target: at.String()})
	if err != nil {
		return err
	}
	if c.json {
		c.printJSON(answer)
		return nil
	}
	fmt.Fprintf(c.stdout, "%s is primary, and serves.\n", at)
	return nil
}

// primariesBeside are the primaries of which a backup could take the place. It is an error if at is none.
func primariesBeside(units []agent.UnitInfo, stack string, at addr.Instance) ([]string, error) {
	var primaries, backups []string
	for _, u := range units {
		a, err := addr.Parse(u.Address)
		if err != nil || a.Component != at.Component || u.Role == "" {
			continue
		}
		list := &backups
		if u.Role == "primary" {
			list = &primaries
		}
		if instance := fmt.Sprintf("%s[%d]", a.Component, a.Index); !slices.Contains(*list, instance) {
			*list = append(*list, instance)
		}
	}
	switch {
	case slices.Contains(primaries, at.String()):
		return nil, hinted{fmt.Errorf("%s is primary already", at), "recipe ps shows the instances and their roles."}
	case backups == nil:
		return nil, hinted{fmt.Errorf("%s of %s has no backups", at.Component, stack), "recipe ps shows the instances and their roles."}
	case !slices.Contains(backups, at.String()):
		return nil, hinted{fmt.Errorf("%s is no backup", at), "There is " + strings.Join(backups, ", ") + "."}
	}
	return primaries, nil
}

// warnOfLoss says how the instances are, and what it may cost if one of them becomes primary instead of those that are it.
func (c *cli) warnOfLoss(units []agent.UnitInfo, at addr.Instance, primaries []string) {
	for _, u := range units {
		if a, err := addr.Parse(u.Address); err == nil && a.Component == at.Component {
			fmt.Fprintf(c.stdout, "  %s  %s, %s for %s%s\n", u.Address, u.Role, u.State, ago(u.Since), strings.TrimSuffix(": "+inOneLine(u.Message), ": "))
		}
	}
	lost := strings.Join(primaries, " or ")
	fmt.Fprintf(c.stdout, `
%s becomes primary, and may lack what %s has:
  - What that has written since this backup last followed it is lost, also what was acknowledged.
  - When that starts again, it becomes a backup, and its data those of %[1]s. To keep them, copy them before.
`, at, cmp.Or(lost, "the primary of before"))
}
