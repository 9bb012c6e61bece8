//go:build !linux

package doctor

import "context"

func kernel(context.Context, Input) []Finding {
	return []Finding{missing("system", "this is not Linux", "The agent works on Linux only; validate, fmt and graph work here.")}
}

func nothing(context.Context, Input) []Finding { return nil }

var groups, home, ports, fronts, bounds, sources, clock, managers = nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing
