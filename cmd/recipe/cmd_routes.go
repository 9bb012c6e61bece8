package main

import (
	"fmt"
	"strconv"
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
	f := fitting{tail: 2, alike: []string{"STACK", "ERRORS", "P99", "P50"}, spare: []string{"P50", "P99"}}
	f.rows = [][]string{{"STACK", "ROUTE", "TO", "READY", "REQUESTS", "ERRORS", "P50", "P99", "OF", ""}}
	for _, r := range routes {
		f.rows = append(f.rows, []string{r.Stack, r.At, routeTarget(r), strconv.Itoa(r.Ready), strconv.FormatUint(r.Requests, 10), strconv.FormatUint(r.Errors, 10),
			took(r.P50), took(r.P99), r.Address, routeNote(r)})
	}
	return c.print(f)
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
