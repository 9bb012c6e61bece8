package main

import (
	"context"
	"strings"

	"github.com/nsynapse/recipe/providers/sdk/typed"
)

// discreetNote is a note as a later version has it: the copy is sensitive, and there is one attribute more.
type discreetNote struct {
	Path string `cty:"path" recipe:"required,replace" doc:"Its file."`
	Text string `cty:"text" recipe:"required" doc:"What is in it."`
	Name string `cty:"name" doc:"Anything; the engine does not meddle with it."`
	Copy string `cty:"copy" recipe:"computed,sensitive" doc:"The text again."`
	Size int    `cty:"size" recipe:"computed" doc:"How long it is."`
	Mood string `cty:"mood" recipe:"computed" doc:"What it is written in."`
}

// measuredNote is a note of a version after that: some attributes have other types.
type measuredNote struct {
	Path string   `cty:"path" recipe:"required,replace" doc:"Its file."`
	Text string   `cty:"text" recipe:"required" doc:"What is in it."`
	Name []string `cty:"name" doc:"Anything."`
	Copy string   `cty:"copy" recipe:"computed,sensitive" doc:"The text again."`
	Size []int    `cty:"size" recipe:"computed" doc:"How many bytes and lines it has."`
	Mood string   `cty:"mood" recipe:"computed" doc:"What it is written in."`
}

func laterNotes(name, later string) typed.Definition {
	if later == "discreet" {
		return laterType(name, func(n discreetNote) note { return note{Path: n.Path, Text: n.Text} },
			func(n *discreetNote, now note) {
				n.Text, n.Copy, n.Size, n.Mood = now.Text, now.Copy, now.Size, "calm"
			})
	}
	return laterType(name, func(n measuredNote) note { return note{Path: n.Path, Text: n.Text} },
		func(n *measuredNote, now note) {
			n.Text, n.Copy, n.Size, n.Mood = now.Text, now.Copy, []int{now.Size, strings.Count(now.Text, "\n")}, "calm"
		})
}

// laterType does with notes what the first version does.
func laterType[T any](name string, first func(T) note, fill func(*T, note)) typed.Definition {
	return typed.Type[T]{
		Name: name, Description: "A note.",
		Read: func(ctx context.Context, known T) (*T, error) {
			now, err := read(ctx, first(known))
			if now == nil || err != nil {
				return nil, err
			}
			fill(&known, *now)
			return &known, nil
		},
		Make: func(ctx context.Context, c typed.Change[T]) (*T, error) {
			now, err := write(ctx, typed.Change[note]{Call: c.Call, Wanted: first(c.Wanted)})
			if err != nil {
				return nil, err
			}
			fill(&c.Wanted, *now)
			return &c.Wanted, nil
		},
		Remove: func(ctx context.Context, c typed.Removal[T]) error {
			return remove(ctx, typed.Removal[note]{Call: c.Call, Thing: first(c.Thing)})
		},
	}
}
