package main

import (
	"fmt"

	"github.com/charmbracelet/x/ansi"

	"github.com/nsynapse/recipe/executor/agent"
)

// topRouteColumns are the columns of the table of routes but for the first two, which share the rest.
const topRouteColumns = "%5s %9s %7s %8s %8s"

// routesPage lists routes and endpoints with their figures, in at most so many lines, of which the last one counts what has no room.
func (m topModel) routesPage(room int) []string {
	width := m.width - ansi.StringWidth(fmt.Sprintf(topRouteColumns, "", "", "", "", "")) - 2
	at, to := max(12, width*3/5), max(12, width*2/5)
	lines := []string{m.styled(faint, pad("ROUTE", at)+" "+pad("TO", to)+" "+fmt.Sprintf(topRouteColumns, "READY", "REQUESTS", "ERRORS", "P50", "P99"))}
	if len(m.routes) == 0 {
		return append(lines, "There are no routes and endpoints.")
	}
	for i, r := range m.routes {
		line := pad(r.At, at) + " " + pad(routeTarget(r), to) + " "
		figures := fmt.Sprintf(topRouteColumns, fmt.Sprint(r.Ready), fmt.Sprint(r.Requests), fmt.Sprint(r.Errors), took(r.P50), took(r.P99))
		entry := []string{line + m.styled(routeStyle(r), figures)}
		if note := routeNote(r); note != "" {
			entry = append(entry, "  "+plainText(note))
		}
		left := len(m.routes) - i
		if rest := room - len(lines) - len(entry); rest < 0 || rest == 0 && left > 1 {
			return append(lines, fmt.Sprintf("%d more, which recipe routes lists", left))
		}
		lines = append(lines, entry...)
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
