// Package schedule says when a process of the kind schedule runs: at the times of a cron expression, or again and
// again after the same time.
package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Shortest is the shortest interval: what has to run more often is a worker.
const Shortest = time.Second

// A Schedule is a rule for times. It is immutable and safe for concurrent use. The zero value has no times.
type Schedule struct {
	every time.Duration // 0 for a cron expression
	spec  *cron.SpecSchedule
	zone  *time.Location
}

// Every returns the schedule of an interval, at least Shortest. Its times are counted from the one before.
func Every(interval time.Duration) (Schedule, error) {
	if interval < Shortest {
		return Schedule{}, fmt.Errorf("an interval is at least %s, and this one is %s: keep a worker running instead", Shortest, interval)
	}
	return Schedule{every: interval}, nil
}

// Cron returns the schedule of a cron expression of five fields (minute, hour, day of the month, month, day of the
// week; see crontab(5)) or one of @hourly, @daily, @weekly, @monthly and @yearly, in a time zone of the IANA database;
// "" is UTC.
func Cron(expression, zone string) (Schedule, error) {
	if strings.Contains(expression, "TZ=") {
		return Schedule{}, errors.New("the time zone is an argument of its own: timezone")
	}
	if strings.HasPrefix(expression, "@every") {
		return Schedule{}, errors.New(`an interval is an argument of its own: every = "10m"`)
	}
	location, err := Zone(zone)
	if err != nil {
		return Schedule{}, err
	}
	parsed, err := cron.ParseStandard(expression)
	if err != nil {
		return Schedule{}, fmt.Errorf("%q is no cron expression: %w", expression, err)
	}
	s := Schedule{spec: parsed.(*cron.SpecSchedule), zone: location} // only @every makes another type
	s.spec.Location = time.UTC
	if s.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("%q names a day that never comes", expression)
	}
	return s, nil
}

// Zone returns the time zone of that name; "" is UTC.
func Zone(name string) (*time.Location, error) {
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is no time zone: one is called like \"Europe/Berlin\"", name)
	}
	return location, nil
}

// Parse returns the schedule of a cron expression in a zone, or that of an interval such as "10m" if there is no expression.
func Parse(cron, every, zone string) (Schedule, error) {
	if cron != "" {
		return Cron(cron, zone)
	}
	interval, err := time.ParseDuration(every)
	if err != nil {
		return Schedule{}, fmt.Errorf("%q is not a duration such as \"90s\", \"10m\" or \"24h\"", every)
	}
	return Every(interval)
}

// everyHour is the bit that the parser sets in a field that begins with *.
const everyHour = 1 << 63

// Next returns the first time after t, to the second for a cron expression; zero if there is none within five years.
//
// Where clocks are set forward or back, what names hours runs once a day all the same: a time that is skipped is made
// up for by the distance of the change, and of one that comes twice the first counts. What runs in every hour runs by
// the time that passes.
func (s Schedule) Next(t time.Time) time.Time {
	switch {
	case s.every > 0:
		return t.Round(0).Add(s.every)
	case s.spec == nil:
		return time.Time{}
	case s.spec.Hour&everyHour != 0:
		return s.inEveryHour(t)
	}
	for wall := clock(t.In(s.zone)); ; {
		if wall = s.spec.Next(wall); wall.IsZero() {
			return time.Time{}
		}
		if at := s.when(wall); at.After(t) { // else t lies in the second of an hour that comes twice
			return at
		}
	}
}

// inEveryHour counts in real time, which has no gaps.
func (s Schedule) inEveryHour(t time.Time) time.Time {
	spec := *s.spec
	spec.Location = s.zone
	return spec.Next(t.In(s.zone))
}

// clock is what a clock on the wall shows at t, as if it were UTC, where no hour is skipped or comes twice.
func clock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// when is the first time at which a clock on the wall shows that, or would if it had not been set forward then.
func (s Schedule) when(wall time.Time) time.Time {
	const near = 24 * time.Hour // of a change
	_, before := wall.Add(-near).In(s.zone).Zone()
	_, after := wall.Add(near).In(s.zone).Zone()
	at := wall.Add(-time.Duration(before) * time.Second).In(s.zone)
	if later := wall.Add(-time.Duration(after) * time.Second).In(s.zone); !clock(at).Equal(wall) && clock(later).Equal(wall) {
		return later
	}
	return at
}
