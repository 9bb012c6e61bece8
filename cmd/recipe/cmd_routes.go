package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
)

func routesCommand() command {
	return command{name: "routes", group: running, summary: "List routes and endpoints, who is behind them, and their figures.",
		example: "recipe routes -stack=shop",
		setup:   listing((*agent.Client).Routes, (*cli).printRoutes)}
}

func (c *cli) printRoutes(routes []agent.RouteInfo) error {
	if len(routes) == 0 {
		fmt.Fprintln(c.stdout, "There are no routes and endpoints.")
		return nil
	}
	w := newTable(c.stdout)
	fmt.Fprintln(w, "STACK\tROUTE\tTO\tREADY\tREQUESTS\tERRORS\tP50\tP99\tOF\t")
	for _, r := range routes {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", r.Stack, r.At, routeTarget(r), r.Ready, r.Requests, r.Errors, took(r.P50), took(r.P99), r.Address, routeNote(r))
	}
	return w.Flush()
}

// routeTarget is a component and the name of its port.
func routeTarget(r agent.RouteInfo) string { return r.Component + ":" + r.Port }

// took is a time that requests took less than.
func took(seconds float64) string {
	if seconds == 0 {
		return "-"
	}
	return "<" + time.Duration(seconds*float64(time.Second)).String()
}

// routeNote is what else there is to say.
func routeNote(r agent.RouteInfo) string {
	var parts []string
	if r.Waiting > 0 {
		parts = append(parts, fmt.Sprintf("%d waiting", r.Waiting))
	}
	if r.Resting > 0 {
		parts = append(parts, fmt.Sprintf("%d resting", r.Resting))
	}
	if r.Message != "" {
		parts = append(parts, r.Message)
	}
	return strings.Join(parts, ", ")
}
