package agent

import (
	"context"
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/supervisor"
)

// An Event is something that has happened to what runs.
type Event struct {
	Time    time.Time `json:"time"`
	Type    string    `json:"type"` // "process": it has another state; "run": an apply, destroy or undo began or ended; "role": an instance has become primary; "command": recipe run
	Stack   string    `json:"stack"`
	Address string    `json:"address,omitempty"` // of the process
	State   string    `json:"state"`             // of the process, as recipe ps shows it; "primary"; or what became of the run: "began", "done", "undone", …
	PID     int       `json:"pid,omitempty"`
	Message string    `json:"message,omitempty"` // why

	Generation int `json:"generation,omitempty"` // of a run that has ended
}

// keptEvents is how many events are remembered for those who come later.
const keptEvents = 1000

// events are the last that happened, since the agent started. Its methods are safe for concurrent use.
type events struct {
	mu    sync.Mutex
	kept  []Event
	first int           // the number of kept[0], counted from the beginning
	more  chan struct{} // closed and made anew with each event
}

func newEvents() *events { return &events{more: make(chan struct{})} }

func (e *events) add(v Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.kept) == keptEvents {
		e.kept = append([]Event(nil), e.kept[keptEvents/2:]...)
		e.first += keptEvents / 2
	}
	e.kept = append(e.kept, v)
	close(e.more)
	e.more = make(chan struct{})
}

// since returns the events from that number on, the number of the next, and a channel that is closed when there are more.
func (e *events) since(n int) ([]Event, int, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n = max(n, e.first)
	return e.kept[n-e.first : len(e.kept) : len(e.kept)], e.first + len(e.kept), e.more
}

// tell tells the events of a stack, or of all with "": those that are remembered and, with follow, what comes, until ctx ends
// or tell fails. One who reads too slowly misses the oldest.
func (e *events) tell(ctx context.Context, stack string, follow bool, tell func(Event) error) error {
	return e.tellFrom(ctx, 0, stack, follow, tell)
}

// next is the number of the event that comes next.
func (e *events) next() int {
	_, next, _ := e.since(0)
	return next
}

// tellFrom is tell from the event of that number on.
func (e *events) tellFrom(ctx context.Context, n int, stack string, follow bool, tell func(Event) error) error {
	for {
		some, next, more := e.since(n)
		for _, v := range some {
			if stack != "" && v.Stack != stack {
				continue
			}
			if err := tell(v); err != nil {
				return err
			}
		}
		n = next
		if !follow {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}

// processEvent is the news of a change of state.
func processEvent(stack, address string, s supervisor.Status) Event {
	v := Event{Time: s.Since, Type: "process", Stack: stack, Address: address, State: s.State.String(), PID: s.PID,
		Message: inStack(stack, s.LastError)}
	if v.Message == "" && s.LastExit != nil && (s.State == supervisor.Scheduled || s.State == supervisor.Finished || s.State == supervisor.Stopped) {
		v.Message = s.LastExit.String()
	}
	return v
}

// runEvent is the news of the end of a run.
func runEvent(stack string, r RunResult) Event {
	v := Event{Time: time.Now(), Type: "run", Stack: stack, State: r.Generation.Result, Message: r.Generation.Error, Generation: r.Generation.Number}
	if r.Error != "" {
		v.State, v.Message = "error", r.Error
	}
	return v
}
