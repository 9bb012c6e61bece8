package agent

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/apply"
)

// TestProgressIsHeardAsItHappens tells each piece of progress after the one before was heard: a client that listens hears
// all of it, and one that comes late the last of each step that still goes on.
func TestProgressIsHeardAsItHappens(t *testing.T) {
	n := newNews(RunBegin{Stack: "shop"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	heard := make(chan RunLine)
	go n.follow(ctx, func(l RunLine) error { heard <- l; return nil })
	next := func() string {
		select {
		case l := <-heard:
			return textOf(l)
		case <-ctx.Done():
			return "nothing"
		}
	}
	if got := next(); got != "begin" {
		t.Fatal(got)
	}
	for _, e := range []apply.Event{
		{Addr: "a", Phase: apply.Started},
		{Addr: "a", Phase: apply.Progress, Done: 1},
		{Addr: "a", Phase: apply.Progress, Done: 2},
		{Addr: "a", Phase: apply.Progress, Done: 3},
		{Addr: "b", Phase: apply.Progress, Done: 1},
		{Addr: "a", Phase: apply.Said, Text: "half way"},
		{Addr: "a", Phase: apply.Progress, Done: 4},
		{Addr: "b", Phase: apply.Completed},
	} {
		n.event(e)
		if got, want := next(), textOf(RunLine{Event: &e}); got != want {
			t.Fatalf("told %s, heard %s", want, got)
		}
	}
	want := []string{"begin", "a start 0", "a log 0", "a progress 4", "b done 0"}
	if got := late(t, n); !slices.Equal(got, want) {
		t.Errorf("one that comes late hears %v, not %v", got, want)
	}
}

// TestNewsOfManySteps has steps tell at once while clients come: each hears everything but progress in the order in which it
// was told, and progress that never goes back.
func TestNewsOfManySteps(t *testing.T) {
	const steps, pieces = 16, 200
	n := newNews(RunBegin{})
	var telling, listening sync.WaitGroup
	for step := range steps {
		telling.Go(func() {
			addr := fmt.Sprint(step)
			n.event(apply.Event{Addr: addr, Phase: apply.Started})
			for i := range pieces {
				n.event(apply.Event{Addr: addr, Phase: apply.Progress, Done: int64(i)})
			}
			n.event(apply.Event{Addr: addr, Phase: apply.Completed})
		})
		listening.Go(func() {
			count, at := map[apply.Phase]int{}, map[string]int64{}
			err := n.follow(t.Context(), func(l RunLine) error {
				if l.Event == nil {
					return nil
				}
				count[l.Event.Phase]++
				if l.Event.Phase == apply.Progress && l.Event.Done < at[l.Event.Addr] {
					t.Errorf("progress of %s went from %d to %d", l.Event.Addr, at[l.Event.Addr], l.Event.Done)
				}
				at[l.Event.Addr] = max(at[l.Event.Addr], l.Event.Done)
				return nil
			})
			if err != nil || count[apply.Started] != steps || count[apply.Completed] != steps {
				t.Errorf("heard %v, %v", count, err)
			}
		})
	}
	telling.Wait()
	n.end(RunResult{})
	listening.Wait()
	if got := late(t, n); len(got) != 2+2*steps {
		t.Errorf("%d lines are kept of a run that has ended", len(got))
	}
}

// late is what a client hears that comes now and does not wait for more.
func late(t *testing.T, n *news) (heard []string) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = n.follow(ctx, func(l RunLine) error { heard = append(heard, textOf(l)); return nil })
	return heard
}

func textOf(l RunLine) string {
	switch {
	case l.Begin != nil:
		return "begin"
	case l.Result != nil:
		return "end"
	}
	return fmt.Sprintf("%s %s %d", l.Event.Addr, l.Event.Phase, l.Event.Done)
}

// A path in a message is not taken for the address of a unit.
func TestInStack(t *testing.T) {
	for message, want := range map[string]string{
		"":                                      "",
		"a/app.web[0].process.web is down":      "app.web[0].process.web is down",
		"waits for a/app.web, a/middleware.sql": "waits for app.web, middleware.sql",
		"write /srv/a/stacks/a/schedules/data/times: no space left":    "write /srv/a/stacks/a/schedules/data/times: no space left",
		`cannot read "/srv/a/app.web/data/x", which "a/app.web" needs`: `cannot read "/srv/a/app.web/data/x", which "app.web" needs`,
	} {
		if got := inStack("a", message); got != want {
			t.Errorf("%q: got %q", message, got)
		}
	}
}
