package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNext(t *testing.T) {
	for _, c := range []struct{ cron, zone, after, want string }{
		{"0 3 * * *", "", "2026-11-28T03:00:00Z", "2026-11-29T03:00:00Z"},
		{"0 3 * * *", "Europe/Berlin", "2026-11-28T03:00:00Z", "2026-11-29T02:00:00Z"},
		{"@hourly", "", "2026-11-28T03:00:00.5Z", "2026-11-28T04:00:00Z"},
		{"*/15 9-17 * * MON-FRI", "", "2026-11-28T12:00:00Z", "2026-11-30T09:00:00Z"},
		{"0 0 29 2 *", "", "2026-11-28T12:00:00Z", "2028-02-29T00:00:00Z"},
		// Clocks go from 2:00 to 3:00 on 2026-03-29, and from 3:00 back to 2:00 on 2026-10-25.
		{"30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"},
		{"30 2 * * *", "Europe/Berlin", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"},
		{"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
		{"30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		{"*/30 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"},
		{"*/30 * * * *", "Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"},
	} {
		s, err := Cron(c.cron, c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Next(at(t, c.after)).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%s in %q after %s: %s, want %s", c.cron, c.zone, c.after, got, c.want)
		}
	}
}

func TestEvery(t *testing.T) {
	s, err := Every(90 * time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Next(at(t, "2026-03-29T00:30:00Z")); !got.Equal(at(t, "2026-03-29T02:00:00Z")) {
		t.Error(got)
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"0 3 * *":                    "no cron expression",
		"61 3 * * *":                 "no cron expression",
		"0 0 31 2 *":                 "never comes",
		"TZ=Europe/Berlin 0 3 * * *": "an argument of its own: timezone",
		"@every 10m":                 "an argument of its own: every",
	} {
		if _, err := Cron(text, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := Cron("@daily", "Mars/Olympus"); err == nil || !strings.Contains(err.Error(), "no time zone") {
		t.Error(err)
	}
	if _, err := Every(time.Millisecond); err == nil {
		t.Error("an interval of a millisecond was taken")
	}
}

// What names an hour and a minute comes on each day of each zone exactly once, and times only ever go on.
func TestOnceADay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo"}).Draw(t, "zone")
		hour, minute := rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")
		s, err := Cron(fmt.Sprintf("%d %d * * *", minute, hour), zone)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(rapid.Int64Range(1_500_000_000, 1_900_000_000).Draw(t, "begin"), 0)
		seen := map[string]bool{}
		for range 400 {
			next := s.Next(now)
			if d := next.Sub(now); d <= 0 || d > 49*time.Hour {
				t.Fatalf("between %s and %s are %s", now, next, d)
			}
			day := next.In(s.zone).Format(time.DateOnly)
			if seen[day] {
				t.Fatalf("twice on %s", day)
			}
			now, seen[day] = next, true
		}
	})
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
