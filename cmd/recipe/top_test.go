package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/nsynapse/recipe/executor/agent"
)

// topOf is a model that has seen some processes twice, on a screen of that size.
func topOf(width, height int) topModel {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	units := func(cpu float64) []agent.UnitInfo {
		return []agent.UnitInfo{
			{Stack: "shop", Address: "app.api[0].process.web", Component: "app.api", State: "ready", Ready: true, PID: 7, CPU: cpu, Memory: 5 << 20},
			{Stack: "shop", Address: "app.web[0].process.web", Component: "app.web", State: "crash-loop", Restarts: 9, Message: "out of memory: its limit is 64 MiB"},
			{Stack: "shop", Address: "middleware.z-db[0].process.db", Component: "middleware.z-db", State: "ready", Ready: true, PID: 8, Memory: 90 << 20, Role: "primary"},
		}
	}
	needs := map[string][]string{"shop/app.api[0].process.web": {"middleware.z-db"}, "shop/app.web[0].process.web": {"app.api", "middleware.z-db"}, "shop/middleware.z-db[0].process.db": nil}
	routes := []agent.RouteInfo{
		{Stack: "shop", Kind: "http", At: "https://shop.example.com/", Component: "app.web", Port: "web", Requests: 1234, Errors: 5, P50: 0.002, P99: 0.256, Message: "the router does not answer"},
		{Stack: "shop", Kind: "tcp", At: "127.0.0.1:41007", Component: "middleware.z-db", Port: "sql", Ready: 1, Requests: 7},
	}
	m := topModel{feed: &topFeed{ctx: nil}}
	for _, message := range []tea.Msg{
		tea.WindowSizeMsg{Width: width, Height: height},
		topUnits{units: units(1), needs: needs, at: at},
		topUnits{units: units(1.5), needs: needs, routes: routes, at: at.Add(time.Second)},
		topLines{unit: "shop/middleware.z-db[0].process.db", lines: []string{"ready to \x1b[31maccept\x1b[0m\x07 connections", "\tdone"}},
		topLines{unit: "shop/app.web[0].process.web", lines: []string{"of another process"}},
		topEvent{Time: at, Type: "process", Stack: "shop", Address: "app.web[0].process.web", State: "crash-loop", Message: "out of memory"},
		topEvent{Time: at, Type: "run", Stack: "shop", State: "done"},
	} {
		next, _ := m.Update(message)
		m = next.(topModel)
	}
	return m
}

func press(m topModel, keys ...string) topModel {
	for _, key := range keys {
		next, _ := m.pressed(key)
		m = next.(topModel)
	}
	return m
}

func TestTopScreen(t *testing.T) {
	m := topOf(80, 18)
	const want = `recipe top  2 of 3 processes ready  cpu 50 %  memory 95M                03:04:06
PROCESS                                 STATE         CPU  MEMORY RESTARTS   FOR
middleware.z-db[0].process.db primary   ready        0.0%     90M        0     -
app.api[0].process.web                  ready       50.0%      5M        0     -
app.web[0].process.web                  crash-loop      -       -        9     -

Log of middleware.z-db[0].process.db
ready to accept connections
 done




Events
03:04:05  shop  app.web[0].process.web: crash-loop, out of memory
03:04:05  shop  run: done

up/down select  l log  enter details  t routes  r restart  s stop, start  q quit`
	if got := ansi.Strip(strings.Join(m.screen(), "\n")); trimmed(got) != trimmed(want) {
		t.Errorf("got\n%s", got)
	}
	details := ansi.Strip(strings.Join(press(m, "down", "enter").screen(), "\n"))
	for _, want := range []string{"needs      middleware.z-db", "needed by  app.web", "process    7, cpu 50.0% (1.5s so far), memory 5M"} {
		if !strings.Contains(details, want) {
			t.Errorf("%q is missing of\n%s", want, details)
		}
	}
}

func TestTopRoutes(t *testing.T) {
	const want = `recipe top  2 of 3 processes ready  cpu 50 %  memory 95M                                    03:04:06
ROUTE                              TO                     READY  REQUESTS  ERRORS      P50      P99
https://shop.example.com/          app.web:web                0      1234       5     <2ms   <256ms
  the router does not answer
127.0.0.1:41007                    middleware.z-db:sql        1         7       0        -        -
up/down select  esc back  l log  enter more  t routes  r restart  s stop  q quit`
	if got := ansi.Strip(strings.Join(press(topOf(100, 12), "t").screen(), "\n")); trimmed(got) != want {
		t.Errorf("got\n%s", got)
	}
}

// On a small screen it is said which of how many are shown.
func TestTopTellsWhatIsHidden(t *testing.T) {
	for _, c := range []struct {
		keys   string
		height int
		want   []string
	}{
		{"", 5, []string{"PROCESS 1-2 of 3 ", "middleware.z-db[0].process.db", "app.api[0].process.web"}},
		{"end", 5, []string{"PROCESS 2-3 of 3 ", "app.api[0].process.web", "app.web[0].process.web"}},
		{"down", 4, []string{"PROCESS 2-2 of 3 ", "app.api[0].process.web"}},
		{"", 3, []string{"2 of 3 processes ready"}},
		{"t", 5, []string{"ROUTE ", "2 more, which recipe routes lists"}},
		{"t", 6, []string{"https://shop.example.com/", "the router does not answer", "127.0.0.1:41007"}},
	} {
		lines := press(topOf(100, c.height), strings.Fields(c.keys)...).screen()
		text := ansi.Strip(strings.Join(lines, "\n"))
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%q on %d lines: %q is missing of\n%s", c.keys, c.height, want, text)
			}
		}
	}
}

// trimmed is text without blanks at line ends, and without empty lines.
func trimmed(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return l == "" }), "\n")
}

// Whatever the size, no line is wider than the screen, and there are no more lines than it has.
func TestTopFits(t *testing.T) {
	for _, page := range [][]string{nil, {"l"}, {"enter"}, {"t"}, {"s"}, {"end"}} {
		for width := 1; width < 160; width += 7 {
			for height := 1; height < 50; height += 3 {
				lines := press(topOf(width, height), page...).screen()
				if len(lines) > height {
					t.Fatalf("%d lines on %d", len(lines), height)
				}
				for _, line := range lines {
					if w := ansi.StringWidth(line); w > width {
						t.Fatalf("%d wide on %dx%d: %q", w, width, height, line)
					}
				}
			}
		}
	}
}

func TestTopKeys(t *testing.T) {
	m := topOf(80, 24)
	for keys, want := range map[string]string{
		"":                  "middleware.z-db[0].process.db overview",
		"down":              "app.api[0].process.web overview",
		"down down down up": "app.api[0].process.web overview",
		"end l":             "app.web[0].process.web log",
		"l l":               "middleware.z-db[0].process.db overview",
		"enter":             "middleware.z-db[0].process.db details",
		"enter esc":         "middleware.z-db[0].process.db overview",
		"r":                 "middleware.z-db[0].process.db overview restart middleware.z-db[0].process.db? y is yes, any other key no",
		"down s":            "app.api[0].process.web overview stop app.api[0].process.web? y is yes, any other key no",
		"down s n":          "app.api[0].process.web overview",
	} {
		p := press(m, strings.Fields(keys)...)
		got := p.name() + " " + []string{"overview", "log", "details"}[p.page]
		if p.asked != nil {
			got += " " + p.asked.text
		}
		if got != want {
			t.Errorf("%s: %s, want %s", keys, got, want)
		}
	}
	if _, do := press(m, "r").pressed("y"); do == nil {
		t.Error("yes does nothing")
	}
	if _, do := press(m, "r").pressed("x"); do != nil {
		t.Error("no does something")
	}
	if text := ansi.Strip(strings.Join(press(m, "end").screen(), "\n")); !strings.Contains(text, "Log of app.web[0].process.web: out of memory: its limit is 64 MiB") {
		t.Errorf("the cause is not told:\n%s", text)
	}
	// What is gone is not selected any more, and what has stopped is started.
	next, _ := press(m, "end").Update(topUnits{units: []agent.UnitInfo{{Stack: "shop", Address: "app.a[0].process.x", State: "stopped"}}})
	p := press(next.(topModel), "s")
	if p.name() != "app.a[0].process.x" || !strings.HasPrefix(p.asked.text, "start app.a[0]") {
		t.Errorf("%s, %v", p.name(), p.asked)
	}
	next, _ = p.Update(topUnits{err: fmt.Errorf("no agent is running")})
	if foot := next.(topModel); !strings.Contains(press(foot, "x").foot(), "no agent is running") {
		t.Errorf("it says %q", foot.foot())
	}
}
