package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/nsynapse/recipe/executor/agent"
)

// Styles of the screen, as parameters of the escape sequence SGR.
const (
	bold    = "1"
	faint   = "2"
	reverse = "7"
	red     = "31"
	green   = "32"
	yellow  = "33"
)

// styled is text in a style, or just the text without colours. A selection is shown in any case.
func (m topModel) styled(style, text string) string {
	if style == "" || !m.color && style != reverse {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[m"
}

// View draws the screen.
func (m topModel) View() tea.View {
	v := tea.NewView(strings.Join(m.screen(), "\n"))
	v.AltScreen = true
	return v
}

// screen is the lines of the screen, each as wide as it or narrower: a heading, a page, and a line for keys and answers.
func (m topModel) screen() []string {
	if m.width == 0 {
		return nil
	}
	if m.height < 4 {
		return []string{ansi.Truncate(m.heading(), m.width, "…")}
	}
	room := m.height - 2
	var page []string
	switch m.page {
	case topWholeLog:
		page = m.logPart("Log of "+m.name(), room)
	case topDetails:
		page = m.details(room)
	case topRoutes:
		page = m.routesPage(room)
	default:
		page = m.overview(room)
	}
	for len(page) < room {
		page = append(page, "")
	}
	lines := append([]string{m.heading()}, page[:room]...)
	lines = append(lines, m.foot())
	for i := range lines {
		lines[i] = ansi.Truncate(lines[i], m.width, "…")
	}
	return lines
}

func (m topModel) name() string {
	if i := m.index(); i >= 0 {
		return m.units[i].Address
	}
	return ""
}

// heading sums up.
func (m topModel) heading() string {
	ready, memory, cpu := 0, int64(0), 0.0
	for _, u := range m.units {
		if u.Ready {
			ready++
		}
		memory += u.Memory
		cpu += m.cpu[unitKey(u)]
	}
	left := fmt.Sprintf("recipe top  %d of %s ready  cpu %.0f %%  memory %s", ready, counted(len(m.units), "process", "processes"), cpu, mebibytes(memory))
	return m.styled(bold, spread(left, m.at.Local().Format(time.TimeOnly), m.width))
}

func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func mebibytes(n int64) string { return fmt.Sprintf("%dM", (n+1<<19)>>20) }

// spread puts right at the end of a line.
func spread(left, right string, width int) string {
	return left + strings.Repeat(" ", max(1, width-ansi.StringWidth(left)-ansi.StringWidth(right))) + right
}

// foot says what keys do, or what is to be said.
func (m topModel) foot() string {
	switch {
	case m.asked != nil:
		return m.styled(reverse, " "+m.asked.text+" ")
	case m.trouble != "":
		return m.styled(red, plainText(m.trouble))
	case m.said != "":
		return m.styled(bold, plainText(m.said))
	case m.page != topOverview:
		return m.styled(faint, "up/down select  esc back  l log  enter more  t routes  r restart  s stop  q quit")
	}
	return m.styled(faint, "up/down select  l log  enter details  t routes  r restart  s stop, start  q quit")
}

// overview is the table, the log of the selected process and the events; the table gets at most half of the room.
func (m topModel) overview(room int) []string {
	table := m.table(min(room, max(3, min(len(m.units)+1, room/2))))
	events := min(len(m.happened), max(2, room/6))
	lines := append(table, "")
	heading := "Log of " + m.name()
	if i := m.index(); i >= 0 && m.units[i].Message != "" {
		heading += ": " + plainText(m.units[i].Message)
	}
	lines = append(lines, m.logPart(heading, room-len(lines)-events-2)...)
	lines = append(lines, "", m.styled(bold, "Events"))
	for _, e := range m.happened[len(m.happened)-events:] {
		lines = append(lines, m.eventLine(e))
	}
	return lines
}

// Widths of the columns of the table but for the first, which has the rest.
const topColumns = "%-10s %6s %7s %8s %5s"

// wideNeeds is from which width on the table tells what a process needs.
const wideNeeds = 110

// table lists the processes around the selected one, in so many lines with the heading, which says which of how many they are if
// there are more.
func (m topModel) table(height int) []string {
	rest := ansi.StringWidth(fmt.Sprintf(topColumns, "", "", "", "", "")) + 1
	needs := 0
	if m.width >= wideNeeds {
		needs = (m.width - rest) / 3
	}
	name := max(12, m.width-rest-needs)
	at := m.index()
	rows := min(len(m.units), height-1)
	first := min(max(0, at-(height-1)/2), len(m.units)-rows)
	head := "PROCESS"
	if rows < len(m.units) {
		head = fmt.Sprintf("PROCESS %d-%d of %d", first+1, first+rows, len(m.units))
	}
	head = pad(head, name) + " " + fmt.Sprintf(topColumns, "STATE", "CPU", "MEMORY", "RESTARTS", "FOR")
	if needs > 0 {
		head += " NEEDS"
	}
	lines := []string{m.styled(faint, head)}
	if len(m.units) == 0 {
		return append(lines, "Nothing runs.")
	}
	for i := first; i < first+rows; i++ {
		lines = append(lines, m.row(m.units[i], name, needs, i == at))
	}
	return lines
}

func (m topModel) row(u agent.UnitInfo, name, needs int, selected bool) string {
	text := u.Address
	if m.several() {
		text = u.Stack + " " + u.Address
	}
	if u.Role != "" {
		text += " " + u.Role
	}
	cpu, memory := "-", "-"
	if u.PID != 0 {
		cpu, memory = fmt.Sprintf("%.1f%%", m.cpu[unitKey(u)]), mebibytes(u.Memory)
	}
	state := fmt.Sprintf("%-10s", u.State)
	rest := fmt.Sprintf(topColumns, "", cpu, memory, fmt.Sprint(u.Restarts), ago(u.Since))[10:]
	line := pad(text, name) + " "
	if needs > 0 {
		rest += " " + pad(strings.Join(m.needs[unitKey(u)], ", "), needs-1)
	}
	if selected {
		return m.styled(reverse, line+state+rest)
	}
	return line + m.styled(stateStyle(u), state) + rest
}

// several reports whether there are processes of more than one stack.
func (m topModel) several() bool {
	return slices.ContainsFunc(m.units, func(u agent.UnitInfo) bool { return u.Stack != m.units[0].Stack })
}

func stateStyle(u agent.UnitInfo) string {
	switch {
	case u.Ready:
		return green
	case u.State == "crash-loop" || u.State == "failed":
		return red
	default:
		return yellow
	}
}

// pad makes text exactly so wide.
func pad(text string, width int) string {
	text = ansi.Truncate(text, width, "…")
	return text + strings.Repeat(" ", max(0, width-ansi.StringWidth(text)))
}

// logPart is a heading and the last lines of the log, height lines in all.
func (m topModel) logPart(heading string, height int) []string {
	if height < 2 {
		return nil
	}
	lines := []string{m.styled(bold, heading)}
	for _, line := range m.lines[max(0, len(m.lines)-height+1):] {
		lines = append(lines, plainText(line))
	}
	for len(lines) < height && m.page == topOverview {
		lines = append(lines, "")
	}
	return lines
}

func (m topModel) eventLine(e agent.Event) string {
	subject := e.Address
	if e.Type == "run" {
		subject = "run"
	}
	line := fmt.Sprintf("%s  %s  %s: %s", e.Time.Local().Format(time.TimeOnly), e.Stack, subject, e.State)
	if e.Message != "" {
		line += ", " + plainText(e.Message)
	}
	return line
}

// details is all that is known of the selected process, its log and the events about it.
func (m topModel) details(room int) []string {
	i := m.index()
	if i < 0 {
		return nil
	}
	u := m.units[i]
	lines := []string{m.styled(bold, u.Address)}
	tell := func(name, value string) {
		if value != "" && value != "-" {
			lines = append(lines, fmt.Sprintf("  %-10s %s", name, value))
		}
	}
	tell("stack", u.Stack)
	tell("role", u.Role)
	tell("state", u.State+" for "+ago(u.Since))
	tell("message", plainText(u.Message))
	if u.PID != 0 {
		tell("process", fmt.Sprintf("%d, cpu %.1f%% (%.1fs so far), memory %s", u.PID, m.cpu[unitKey(u)], u.CPU, mebibytes(u.Memory)))
	}
	tell("ports", ports(u.Ports))
	tell("restarts", fmt.Sprint(u.Restarts))
	tell("needs", strings.Join(m.needs[unitKey(u)], ", "))
	tell("needed by", strings.Join(m.neededBy(u), ", "))
	if u.Next != nil {
		tell("next run", u.Next.Local().Format(time.DateTime))
	}
	var own []string
	for _, e := range m.happened {
		if e.Stack == u.Stack && e.Address == u.Address {
			own = append(own, "  "+m.eventLine(e))
		}
	}
	own = own[max(0, len(own)-room/4):]
	if len(own) > 0 {
		lines = append(append(lines, "", m.styled(bold, "Events")), own...)
	}
	lines = append(lines, "")
	return append(lines, m.logPart("Log", room-len(lines))...)
}

// neededBy lists the components that need the component of u.
func (m topModel) neededBy(u agent.UnitInfo) []string {
	var by []string
	for _, other := range m.units {
		if other.Stack == u.Stack && slices.Contains(m.needs[unitKey(other)], u.Component) {
			by = append(by, other.Component)
		}
	}
	slices.Sort(by)
	return slices.Compact(by)
}

// plainText is a line that somebody else has written, without what a terminal would take for a command.
func plainText(line string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, ansi.Strip(line))
}
