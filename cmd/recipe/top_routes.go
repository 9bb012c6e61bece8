package main

import (
	"fmt"

	"github.com/charmbracelet/x/ansi"

	"github.com/nsynapse/recipe/executor/agent"
)

// topRouteColumns are the columns of the table of routes but for the first two, which share the rest.
const topRouteColumns = "%5s %9s %7s %8s %8s"

// routesPage lists routes and endpoints with their figures.
func (m topModel) routesPage() []string {
	width := m.width - ansi.StringWidth(fmt.Sprintf(topRouteColumns, "", "", "", "", "")) - 2
	at, to := max(12, width*3/5), max(12, width*2/5)
	lines := []string{m.styled(faint, pad("ROUTE", at)+" "+pad("TO", to)+" "+fmt.Sprintf(topRouteColumns, "READY", "REQUESTS", "ERRORS", "P50", "P99"))}
	if len(m.routes) == 0 {
		return append(lines, "There are no routes and endpoints.")
	}
	for _, r := range m.routes {
		line := pad(r.At, at) + " " + pad(routeTarget(r), to) + " "
		figures := fmt.Sprintf(topRouteColumns, fmt.Sprint(r.Ready), fmt.Sprint(r.Requests), fmt.Sprint(r.Errors), took(r.P50), took(r.P99))
		lines = append(lines, line+m.styled(routeStyle(r), figures))
		if note := routeNote(r); note != "" {
			lines = append(lines, "  "+plainText(note))
		}
	}
	return lines
}

func routeStyle(r agent.RouteInfo) string {
	switch {
	case r.Ready == 0 || r.Message != "":
		return red
	case r.Resting > 0 || r.Waiting > 0:
		return yellow
	}
	return ""
}
