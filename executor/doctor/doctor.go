package doctor

import (
	"context"

	"github.com/nsynapse/recipe/executor/cgroup"
)

// A Finding is one thing that was looked at.
type Finding struct {
	Name   string `json:"name"` // "control groups"
	State  State  `json:"state"`
	Detail string `json:"detail,omitempty"` // what was seen
	Hint   string `json:"hint,omitempty"`   // the way out; "" if all is well
}

// State is how something stands.
type State string

const (
	Fine    State = "fine"    // there
	Without State = "without" // missing, and only what the hint tells does without
	Missing State = "missing" // missing, and needed
)

// Input is what recipe would work with.
type Input struct {
	Home        string         // RECIPE_HOME, absolute
	UID         int            // of the agent
	Ports       [2]int         // the first and the last port that are handed out
	HTTP, HTTPS string         // where routes are answered
	Cgroups     cgroup.Offer   // which groups the agent may make
	Landlock    int            // the version of landlock, as package landlock has it; 0 for none
	Agent       func() Finding // how the agent stands
}

// Examine looks at everything, in the order of the result. It takes some seconds where the network is slow, and ends early with
// ctx.
func Examine(ctx context.Context, in Input) []Finding {
	var all []Finding
	for _, look := range []func(context.Context, Input) []Finding{kernel, whom, keptApart, groups, home, agent, ports, fronts, bounds, sources, clock, managers} {
		all = append(all, look(ctx, in)...)
	}
	return all
}

// Sound reports whether nothing is missing that is needed.
func Sound(all []Finding) bool {
	for _, f := range all {
		if f.State == Missing {
			return false
		}
	}
	return true
}

func agent(_ context.Context, in Input) []Finding {
	f := in.Agent()
	f.Name = "agent"
	return []Finding{f}
}

func fine(name, detail string) Finding { return Finding{Name: name, State: Fine, Detail: detail} }

func without(name, detail, hint string) Finding {
	return Finding{Name: name, State: Without, Detail: detail, Hint: hint}
}

func missing(name, detail, hint string) Finding {
	return Finding{Name: name, State: Missing, Detail: detail, Hint: hint}
}
