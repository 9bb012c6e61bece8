package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/planner/lockfile"
)

func applyCommand() command {
	return command{name: "apply", group: "Plan and apply", args: "[PATH | PLAN]", summary: "Make it so: plan, ask, and carry the plan out.",
		example: "recipe apply stack.hcl\nrecipe apply -auto-approve -var instances=3",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			s := c.stackFlags(flags)
			s.planFlags(flags)
			s.lockFlag(flags)
			c.jsonFlag(flags)
			r := c.runFlags(flags)
			bundle := flags.String("bundle", "", "take the packages and the lock file from this `file`, which recipe bundle wrote")
			destroy := flags.Bool("destroy", false, "take everything down, as recipe destroy does")
			return func(ctx context.Context, args []string) error {
				if len(args) == 1 {
					if signed, ok, err := readPlan(args[0]); ok || err != nil {
						if err != nil {
							return err
						}
						return r.applySaved(ctx, signed)
					}
				}
				q, err := s.request(args)
				if err != nil {
					return err
				}
				q.Destroy = *destroy
				if *bundle != "" {
					q.Locked = true
					if err := c.unbundle(ctx, q, *bundle); err != nil {
						return err
					}
				}
				return r.apply(ctx, q, s.input)
			}
		}}
}

func destroyCommand() command {
	return command{name: "destroy", group: "Plan and apply", args: "[PATH]", summary: "Take a stack down, with its data.",
		example: "recipe destroy -stack=shop",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			s := c.stackFlags(flags)
			s.planFlags(flags)
			c.jsonFlag(flags)
			r := c.runFlags(flags)
			name := flags.String("stack", "", "the stack's `name`, instead of its files")
			return func(ctx context.Context, args []string) error {
				stack, err := stackName(*name, args)
				if err != nil {
					return err
				}
				client, err := c.running(ctx)
				if err != nil {
					return err
				}
				if client == nil {
					return c.nothingRuns(stack)
				}
				s.variables = nil // nothing is evaluated
				q, err := s.request(args)
				if err != nil {
					return err
				}
				q.Path, q.Stack, q.Destroy = "", stack, true
				err = r.apply(ctx, q, s.input)
				var problem *agent.Problem
				if errors.As(err, &problem) && problem.Kind == "not-found" {
					return c.nothingRuns(stack)
				}
				return err
			}
		}}
}

func (c *cli) nothingRuns(stack string) error {
	if c.json {
		c.printJSON(map[string]any{"type": "change_summary", "@message": "Nothing to destroy."})
		return nil
	}
	fmt.Fprintf(c.stdout, "Nothing to destroy: the stack %s does not run.\n", stack)
	return nil
}

// runner carries out plans.
type runner struct {
	c        *cli
	approve  bool
	parallel int
	verbose  bool
	tracer   *tracer // nil if nobody traces
}

func (c *cli) runFlags(flags *flag.FlagSet) *runner {
	r := &runner{c: c}
	flags.BoolVar(&r.approve, "auto-approve", false, "do not ask")
	flags.IntVar(&r.parallel, "parallelism", 0, "how many steps at a time; 0 for as many as the needs allow, up to 64")
	flags.BoolVar(&r.verbose, "verbose", false, "list every resource")
	return r
}

// apply plans, asks, and carries the plan out. A run of the stack that is under way is brought to its end first.
func (r *runner) apply(ctx context.Context, q agent.PlanRequest, input bool) error {
	c := r.c
	if c.json && !r.approve {
		return hinted{errors.New("-json cannot ask"), "Add -auto-approve, or apply a saved plan."}
	}
	if err := r.join(ctx, q); err != nil {
		return err
	}
	p, err := c.plan(ctx, q)
	if err != nil {
		return err
	}
	if err := c.showPlan(p.Plan, r.verbose); err != nil {
		return err
	}
	if !p.Empty() && !r.approve {
		if err := c.ask(ctx, p.Plan, input); err != nil {
			return err
		}
	}
	if err := c.keepLock(q.Path, p.lock); err != nil {
		return err
	}
	if p.Empty() {
		return r.showOutputs(ctx, p.client, p.Plan)
	}
	return r.traced(ctx, p.client, p.signed, p.Plan)
}

// keepLock writes the lock file beside the stack at path, before anything runs: what is half done is then locked, too.
func (c *cli) keepLock(path, text string) error {
	if text == "" {
		return nil
	}
	if err := writeLock(lockBeside(path), []byte(text)); err != nil {
		return err
	}
	c.say("Versions and digests of the packages are now in " + lockfile.Name + "; commit it with the stack.")
	return nil
}

// join follows a run that is under way, so that what an interrupted apply began is finished before anything new. However it
// ends, the plan that comes next is made from what is there then.
func (r *runner) join(ctx context.Context, q agent.PlanRequest) error {
	client, err := r.c.running(ctx)
	if err != nil || client == nil {
		return err
	}
	name := q.Stack
	if name == "" {
		s, err := loadStack(q.Path)
		if err != nil {
			return err
		}
		name = s.Name
	}
	err = r.follow(ctx, client, name, nil, func(ctx context.Context, each func(agent.RunLine) error) error {
		return client.Follow(ctx, name, each)
	})
	var problem *agent.Problem
	if errors.As(err, &problem) && problem.Kind == "not-found" {
		return nil
	}
	if errors.Is(err, errStopped) {
		r.c.say("\nThat run was stopped. What it had done stays.")
		err = nil
	}
	var back undone
	var stays held
	switch {
	case errors.As(err, &back):
		r.c.say("\nThat run failed, and was taken back: " + back.Error())
		err = nil
	case errors.As(err, &stays):
		r.c.say("\nThat run failed, and stays where it is: " + stays.Error())
		err = nil
	}
	if err == nil {
		r.c.say("")
	}
	return err
}

func (r *runner) applySaved(ctx context.Context, signed *agent.SignedPlan) error {
	client, err := r.c.agent(ctx)
	if err != nil {
		return err
	}
	p, err := signed.Decode()
	if err != nil {
		return hinted{errors.New("the plan is damaged"), "Make a new one with recipe plan -out=FILE."}
	}
	return r.traced(ctx, client, signed, p)
}
