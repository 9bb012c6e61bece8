package agent

import (
	"context"
	"sync"

	"github.com/nsynapse/recipe/executor/apply"
)

// news is what a run has to tell, kept so that a client that comes late hears it all. Progress within a step is only
// told to those who listen.
type news struct {
	mu    sync.Mutex
	lines []RunLine
	ended bool
	more  chan struct{}  // closed and made anew whenever a line is added
	last  map[string]int // by address: the index of its progress line, which the next one takes the place of
}

func newNews(begin RunBegin) *news {
	return &news{lines: []RunLine{{Begin: &begin}}, more: make(chan struct{}), last: map[string]int{}}
}

func (n *news) event(e apply.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if e.Phase == apply.Progress {
		// The place of an older progress line is only taken when it is the last of all: readers count lines.
		if at, ok := n.last[e.Addr]; ok && at == len(n.lines)-1 {
			n.lines[at].Event = &e
			n.wake()
			return
		}
		n.last[e.Addr] = len(n.lines)
	}
	n.lines = append(n.lines, RunLine{Event: &e})
	n.wake()
}

func (n *news) end(r RunResult) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, RunLine{Result: &r})
	n.ended = true
	n.wake()
}

func (n *news) wake() {
	close(n.more)
	n.more = make(chan struct{})
}

// follow calls tell with every line from the beginning until the run ends, ctx ends or tell fails.
func (n *news) follow(ctx context.Context, tell func(RunLine) error) error {
	at := 0
	for {
		n.mu.Lock()
		lines, ended, more := n.lines[at:len(n.lines):len(n.lines)], n.ended, n.more
		n.mu.Unlock()
		for _, line := range lines {
			if err := tell(line); err != nil {
				return err
			}
		}
		at += len(lines)
		if ended {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-more:
		}
	}
}
