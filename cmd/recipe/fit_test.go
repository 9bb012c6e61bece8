package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFit(t *testing.T) {
	f := fitting{tail: 1, alike: []string{"STACK", "RESTARTS"}, spare: []string{"CPU", "PID"}, rows: [][]string{
		{"STACK", "PROCESS", "STATE", "PID", "CPU", "RESTARTS", ""},
		{"shop", "app.shop[0].process.web", "ready", "23548", "0.3s", "0", ""},
		{"shop", "app.shop[1].process.web", "waiting", "-", "-", "0", "waits for middleware.postgresql, middleware.redis"},
	}}
	const all = `STACK  PROCESS                  STATE    PID    CPU   RESTARTS
shop   app.shop[0].process.web  ready    23548  0.3s  0
shop   app.shop[1].process.web  waiting  -      -     0         waits for middleware.postgresql, middleware.redis
`
	for _, c := range []struct {
		width int
		want  string
	}{
		{0, all},
		{200, all},
		{100, `PROCESS                  STATE    PID    CPU
app.shop[0].process.web  ready    23548  0.3s
app.shop[1].process.web  waiting  -      -     waits for middleware.postgresql, middleware.redis
Left out, as the terminal is narrow: STACK shop, RESTARTS 0.
`},
		{70, `STACK  PROCESS                  STATE    PID    CPU   RESTARTS
shop   app.shop[0].process.web  ready    23548  0.3s  0
shop   app.shop[1].process.web  waiting  -      -     0
  waits for middleware.postgresql, middleware.redis
`},
		{40, `PROCESS                  STATE    PID
app.shop[0].process.web  ready    23548
app.shop[1].process.web  waiting  -
  waits for middleware.postgresql,
  middleware.redis
Left out, as the terminal is narrow:
STACK shop, RESTARTS 0, CPU.
`},
	} {
		got, err := f.text(c.width)
		if err != nil || got != c.want {
			t.Errorf("%d columns: %v, got\n%s", c.width, err, got)
		}
	}
	f.rows[2][5] = "3" // which has to be seen
	for width := 44; width < 120; width++ {
		got, err := f.text(width)
		if err != nil || !strings.Contains(got, "RESTARTS") {
			t.Errorf("%d columns: %v, got\n%s", width, err, got)
		}
		for line := range strings.Lines(got) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d on %d columns: %s", n, width, line)
			}
		}
	}
	if f.rows[0][0] != "STACK" || len(f.rows[2]) != 7 {
		t.Errorf("the rows were changed: %v", f.rows)
	}
}

// What stands below a row says which column it is from.
func TestFitBelow(t *testing.T) {
	f := fitting{tail: 2, rows: [][]string{
		{"ROUTE", "TO", "OF", ""},
		{"127.0.0.1:26127", "app.shop:web", "app.shop.endpoint.web", "3 waiting"},
		{"127.0.0.1:26128", "app.pricing:web", "app.shop.bind.pricing.endpoint", ""},
	}}
	const want = `ROUTE            TO
127.0.0.1:26127  app.shop:web
  of app.shop.endpoint.web, 3 waiting
127.0.0.1:26128  app.pricing:web
  of app.shop.bind.pricing.endpoint
`
	if got, err := f.text(50); err != nil || got != want {
		t.Errorf("%v, got\n%s", err, got)
	}
}
