package main

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/nsynapse/recipe/executor/agent"
)

// topModel is what top shows, and what keys do to it. Update returns the next one; it is pure but for the commands that it returns.
type topModel struct {
	feed          *topFeed
	color         bool
	width, height int // of the terminal; 0 before it was told

	units    []agent.UnitInfo // in the order of their start
	needs    map[string][]string
	routes   []agent.RouteInfo
	cpu      map[string]float64 // in percent of one processor, by unitKey
	at       time.Time          // of units
	selected string             // unitKey; "" before there are any
	lines    []string           // of the log of the selected one
	happened []agent.Event      // the last ones
	page     topPage
	asked    *topQuestion // which the next key answers
	said     string       // the outcome of what was asked for last
	trouble  string       // why there is no news
}

// topPage is what the part below the table shows.
type topPage uint8

const (
	topOverview topPage = iota
	topWholeLog         // of the selected process, instead of the table
	topDetails          // all that is known of it
	topRoutes           // all routes and endpoints
)

// topQuestion is something that is done after a yes.
type topQuestion struct {
	text string
	do   tea.Cmd
}

const keptHappened = 100

// Init begins to look.
func (m topModel) Init() tea.Cmd { return tea.Batch(m.feed.look(nil), tick()) }

// Update takes one message in.
func (m topModel) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case topTick:
		return m, tea.Batch(m.feed.look(m.needs), m.log(), tick())
	case topUnits:
		return m.looked(message)
	case topLines:
		if message.unit == m.selected {
			m.lines = message.lines
		}
	case topEvent:
		m.happened = append(m.happened[max(0, len(m.happened)-keptHappened):len(m.happened):len(m.happened)], agent.Event(message))
	case topDone:
		m.said = message.text
		if message.err != nil {
			m.said = message.err.Error()
		}
		return m, m.feed.look(m.needs)
	case tea.KeyPressMsg:
		return m.pressed(message.String())
	}
	return m, nil
}

// looked takes in what runs. The share of a processor is that between the last two looks.
func (m topModel) looked(now topUnits) (tea.Model, tea.Cmd) {
	if now.err != nil {
		m.trouble = now.err.Error()
		return m, nil
	}
	before := map[string]agent.UnitInfo{}
	for _, u := range m.units {
		before[unitKey(u)] = u
	}
	cpu := map[string]float64{}
	for _, u := range now.units {
		if was, ok := before[unitKey(u)]; ok && was.PID == u.PID && now.at.After(m.at) {
			cpu[unitKey(u)] = max(0, (u.CPU-was.CPU)/now.at.Sub(m.at).Seconds()*100)
		}
	}
	inOrder(now.units, now.needs)
	m.units, m.needs, m.routes, m.cpu, m.at, m.trouble = now.units, now.needs, now.routes, cpu, now.at, ""
	if m.index() < 0 {
		return m.choose(0)
	}
	return m, nil
}

// index is that of the selected process, -1 without.
func (m topModel) index() int {
	return slices.IndexFunc(m.units, func(u agent.UnitInfo) bool { return unitKey(u) == m.selected })
}

// choose selects a process by its place, or the nearest there is.
func (m topModel) choose(i int) (tea.Model, tea.Cmd) {
	m.lines = nil
	if len(m.units) == 0 {
		m.selected, m.page = "", topOverview
		return m, nil
	}
	m.selected = unitKey(m.units[min(max(i, 0), len(m.units)-1)])
	return m, m.log()
}

// log asks for the log of the selected process.
func (m topModel) log() tea.Cmd {
	i := m.index()
	if i < 0 {
		return nil
	}
	return m.feed.log(m.units[i])
}

func (m topModel) pressed(key string) (tea.Model, tea.Cmd) {
	if q := m.asked; q != nil {
		m.asked = nil
		if key == "y" {
			return m, q.do
		}
		return m, nil
	}
	m.said = ""
	switch key {
	case "q", "ctrl+c":
		return m, tea.Quit
	case "esc":
		m.page = topOverview
	case "up", "k":
		return m.choose(m.index() - 1)
	case "down", "j":
		return m.choose(m.index() + 1)
	case "home", "g":
		return m.choose(0)
	case "end", "G":
		return m.choose(len(m.units) - 1)
	case "l":
		m.page = m.turn(topWholeLog)
	case "enter":
		m.page = m.turn(topDetails)
	case "t":
		m.page = m.turn(topRoutes)
	case "r", "s":
		m.asked = m.ask(key)
	}
	return m, nil
}

// turn goes to a page, or back from it.
func (m topModel) turn(to topPage) topPage {
	if m.page == to || m.selected == "" {
		return topOverview
	}
	return to
}

// ask is the question before a restart or stop. What is stopped is started.
func (m topModel) ask(key string) *topQuestion {
	i := m.index()
	if i < 0 {
		return nil
	}
	u := m.units[i]
	verb, done := "restart", "Restarted"
	switch {
	case key == "s" && u.State == "stopped":
		verb, done = "start", "Started"
	case key == "s":
		verb, done = "stop", "Stopped"
	}
	return &topQuestion{verb + " " + u.Address + "? y is yes, any other key no", m.feed.act(verb, done, u)}
}
