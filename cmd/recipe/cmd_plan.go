package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/planner/plan"
)

func planCommand() command {
	return command{name: "plan", group: "Plan and apply", args: "[PATH]", summary: "Show what apply would change, in which order, and why.",
		example: "recipe plan -var instances=3\nrecipe plan -out=next.plan && recipe apply next.plan",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			s := c.stackFlags(flags)
			s.planFlags(flags)
			s.lockFlag(flags)
			c.jsonFlag(flags)
			out := flags.String("out", "", "write the plan to this `file`, for recipe apply FILE")
			detailed := flags.Bool("detailed-exitcode", false, "exit with 2 when there are changes")
			destroy := flags.Bool("destroy", false, "plan to take everything down")
			verbose := flags.Bool("verbose", false, "list every resource")
			return func(ctx context.Context, args []string) error {
				q, err := s.request(args)
				if err != nil {
					return err
				}
				q.Destroy = *destroy
				made, err := c.plan(ctx, q)
				if err != nil {
					return err
				}
				if *out != "" {
					if err := writePlan(*out, made.signed); err != nil {
						return err
					}
				}
				if err := c.showPlan(made.Plan, *verbose); err != nil {
					return err
				}
				if *out != "" && !c.json {
					fmt.Fprintf(c.stdout, "\nSaved to %s. Apply exactly this with: recipe apply %s\n", *out, *out)
				}
				if *detailed && !made.Empty() {
					return exitCode(exitChanges)
				}
				return nil
			}
		}}
}

// planned is a plan that the agent made.
type planned struct {
	*plan.Plan
	signed *agent.SignedPlan
	client *agent.Client
	lock   string // what the lock file has to say with it; "" if it stays
}

// plan asks the agent for a plan and tells its diagnostics.
func (c *cli) plan(ctx context.Context, q agent.PlanRequest) (*planned, error) {
	client, err := c.agent(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := client.Plan(ctx, q)
	if err != nil {
		return nil, err
	}
	if c.json {
		c.begin()
		for _, d := range answer.Diagnostics {
			c.message("diagnostic", d.Summary, map[string]any{"@level": d.Severity, "diagnostic": d})
		}
	} else {
		c.diagnostics(answer.Diagnostics)
	}
	if answer.Plan == nil {
		return nil, exitCode(exitError)
	}
	p, err := answer.Plan.Decode()
	return &planned{p, answer.Plan, client, answer.Lock}, err
}

// planFile is a saved plan: a line that says what it is, then the plan with its signature.
type planFile struct {
	Format string            `json:"recipe_plan"`
	Plan   *agent.SignedPlan `json:"signed"`
}

const planFormat = "1"

func writePlan(name string, signed *agent.SignedPlan) error {
	encoded, err := json.Marshal(planFile{planFormat, signed})
	if err != nil {
		return fmt.Errorf("internal error: cannot encode the plan: %w", err)
	}
	// It names paths and settings of the stack, and refers to secrets: nobody else needs to read it.
	if err := os.WriteFile(name, encoded, 0o600); err != nil {
		return fmt.Errorf("cannot save the plan: %w", err)
	}
	return nil
}

// maxPlanFile bounds what is read as a plan.
const maxPlanFile = 512 << 20

// readPlan reads a saved plan; ok is false for a file that is none, such as a stack.
func readPlan(name string) (signed *agent.SignedPlan, ok bool, err error) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxPlanFile {
		return nil, false, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, false, fmt.Errorf("cannot read %s: %w", name, err)
	}
	if len(text) == 0 || text[0] != '{' {
		return nil, false, nil
	}
	var f planFile
	if err := json.Unmarshal(text, &f); err != nil || f.Plan == nil {
		if json.Valid(text) {
			return nil, false, nil // a stack written as JSON
		}
		return nil, true, hinted{fmt.Errorf("the plan %s is damaged", name), "Make a new one with recipe plan -out=FILE."}
	}
	if f.Format != planFormat {
		return nil, true, hinted{fmt.Errorf("the plan %s has the format %q, and this recipe knows %q", name, f.Format, planFormat), "Make a new one with recipe plan -out=FILE."}
	}
	return f.Plan, true, nil
}
