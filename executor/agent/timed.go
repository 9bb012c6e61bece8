package agent

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/supervisor"
)

// TimedRun is one run of a scheduled process.
type TimedRun struct {
	Stack   string     `json:"stack"`
	Address string     `json:"address"`
	Number  int        `json:"number,omitempty"`  // where runs may overlap: recipe logs ADDRESS.NUMBER shows what it wrote
	Due     *time.Time `json:"due,omitempty"`     // the time of the schedule; nil if somebody asked for the run
	Began   *time.Time `json:"began,omitempty"`   // nil if it never did
	Ended   *time.Time `json:"ended,omitempty"`   // nil while it goes on
	Outcome string     `json:"outcome,omitempty"` // "succeeded", "failed", "skipped", "stopped", "timed-out" or "lost"; "" while it goes on
	Reason  string     `json:"reason,omitempty"`  // "exit status 3"
}

func timedRun(stack, address string, r supervisor.Run) TimedRun {
	given := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	return TimedRun{Stack: stack, Address: address, Number: r.Number, Due: given(r.Due), Began: given(r.Began), Ended: given(r.Ended),
		Outcome: string(r.Outcome), Reason: r.Reason}
}

// timed lists the last runs of the scheduled processes that the target contains, the oldest first.
func (a *Agent) timed(ctx context.Context, q UnitRequest) ([]TimedRun, error) {
	s, err := a.find(q.Stack)
	if err != nil {
		return nil, err
	}
	chosen, err := a.choose(s, q.Target)
	if err != nil {
		return nil, err
	}
	all := []TimedRun{}
	for _, address := range chosen {
		runs, err := a.supervisor.Runs(ctx, unitName(s.name, address))
		if errors.Is(err, supervisor.ErrNotScheduled) || errors.Is(err, supervisor.ErrUnknown) { // a run that has ended meanwhile
			continue
		} else if err != nil {
			return nil, err
		}
		for _, r := range runs {
			all = append(all, timedRun(s.name, address, r))
		}
	}
	slices.SortStableFunc(all, func(x, y TimedRun) int { return x.when().Compare(y.when()) })
	return all, nil
}

// when is the time that a run is listed by.
func (r TimedRun) when() time.Time {
	for _, t := range []*time.Time{r.Began, r.Due, r.Ended} {
		if t != nil {
			return *t
		}
	}
	return time.Time{}
}

// runNow lets the one scheduled process that the target contains run, and answers when that has ended.
func (a *Agent) runNow(ctx context.Context, q UnitRequest) (TimedRun, error) {
	s, err := a.find(q.Stack)
	if err != nil {
		return TimedRun{}, err
	}
	chosen, err := a.choose(s, q.Target)
	if err != nil {
		return TimedRun{}, err
	}
	var scheduled []string
	for _, address := range chosen { // runs that go on have none of their own
		if _, err := a.supervisor.Runs(ctx, unitName(s.name, address)); err == nil {
			scheduled = append(scheduled, address)
		}
	}
	switch {
	case len(scheduled) == 0:
		return TimedRun{}, &Problem{Message: q.Target + " has no scheduled process", Kind: "not-found",
			Hint: "recipe ps lists those that are scheduled; recipe run runs any command."}
	case len(scheduled) > 1:
		return TimedRun{}, &Problem{Message: q.Target + " has several scheduled processes", Hint: "Name one of " + strings.Join(scheduled, ", ") + "."}
	}
	run, err := a.supervisor.RunNow(ctx, unitName(s.name, scheduled[0]))
	if errors.Is(err, supervisor.ErrUnderWay) {
		return TimedRun{}, &Problem{Message: scheduled[0] + ": " + err.Error(), Kind: "busy"}
	}
	return timedRun(s.name, scheduled[0], run), err
}
