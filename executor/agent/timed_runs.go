package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/nsynapse/recipe/executor/supervisor"
)

// Of a schedule whose runs may overlap, each run is a unit of its own while it goes on, and has a log as long as it is
// remembered. Its address is that of the schedule and a number: app.shop[0].process.report.7.

// splitRun is the schedule and the number of a run; ok is false for any other address.
func splitRun(address string) (schedule string, number int, ok bool) {
	at := strings.LastIndexByte(address, '.')
	if at < 0 {
		return "", 0, false
	}
	number, err := strconv.Atoi(address[at+1:])
	return address[:at], number, err == nil
}

// runOf is splitRun for a run that goes on.
func (a *Agent) runOf(s *stack, address string) (schedule string, ok bool) {
	status, _ := a.supervisor.Status(unitName(s.name, address))
	schedule, _, ok = splitRun(address)
	return schedule, ok && status.Run > 0
}

// oldRun is the directory of a run that is over, "" if address is none.
func (a *Agent) oldRun(s *stack, address string) string {
	schedule, number, ok := splitRun(address)
	status, known := a.supervisor.Status(unitName(s.name, schedule))
	if !ok || !known {
		return ""
	}
	dir := supervisor.RunDir(status.Dir, number)
	if _, err := os.Stat(dir); err != nil {
		return ""
	}
	return dir
}

// withoutRuns leaves out the runs that go with their schedule. A run alone can be stopped and nothing else.
func (a *Agent) withoutRuns(s *stack, chosen []string, starts bool) ([]string, error) {
	var left []string
	for _, unit := range chosen {
		schedule, run := a.runOf(s, unit)
		switch {
		case run && slices.Contains(chosen, schedule):
		case run && starts:
			return nil, &Problem{Message: unit + " is one run of " + schedule + ", and is not begun again", Hint: "recipe run-now begins another one."}
		default:
			left = append(left, unit)
		}
	}
	return left, nil
}

// withLastRuns puts the last run that is over before each schedule whose runs have logs of their own.
func (a *Agent) withLastRuns(s *stack, chosen []string) []string {
	var all []string
	for _, unit := range chosen {
		if status, _ := a.supervisor.Status(unitName(s.name, unit)); status.Last != nil && status.Last.Number > 0 {
			all = append(all, fmt.Sprintf("%s.%d", unit, status.Last.Number))
		}
		all = append(all, unit)
	}
	return all
}

// followRuns tells what the runs write that begin from now on.
func (a *Agent) followRuns(ctx context.Context, s *stack, chosen []string, say saying) error {
	ends := map[string]context.CancelFunc{}
	var followers sync.WaitGroup
	defer followers.Wait()
	var mu sync.Mutex
	var failed error
	err := a.events.tellFrom(ctx, a.events.next(), s.name, true, func(v Event) error {
		mu.Lock()
		defer mu.Unlock()
		schedule, _, ok := splitRun(v.Address)
		end := ends[v.Address]
		switch {
		case failed != nil:
			return failed
		case !ok || v.Type != "process" || !slices.Contains(chosen, schedule) || slices.Contains(chosen, v.Address):
		case v.State == supervisor.Running.String() && end == nil:
			run, cancel := context.WithCancel(ctx)
			ends[v.Address] = cancel
			followers.Go(func() {
				err := a.follow(run, s, v.Address, true, say)
				mu.Lock()
				defer mu.Unlock()
				failed = errors.Join(failed, err)
			})
		case v.State != supervisor.Running.String() && v.State != supervisor.Stopping.String() && end != nil:
			end()
			delete(ends, v.Address)
		}
		return nil
	})
	for _, end := range ends {
		end()
	}
	return err
}
