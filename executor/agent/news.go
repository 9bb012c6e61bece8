package agent

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/nsynapse/recipe/executor/apply"
)

// news is what a run has to tell, kept so that a client that comes late hears it all. Of the progress of a step only the
// last is kept, and only until the step ends or begins anew.
type news struct {
	mu       sync.Mutex
	lines    []numbered
	progress map[string]numbered // by address
	told     int                 // the number of the last line
	ended    bool
	more     chan struct{} // closed and made anew whenever a line is added
}

// numbered is a line with its place among all that were ever told, from 1.
type numbered struct {
	RunLine
	number int
}

func newNews(begin RunBegin) *news {
	n := &news{progress: map[string]numbered{}, more: make(chan struct{})}
	n.lines = append(n.lines, n.next(RunLine{Begin: &begin}))
	return n
}

func (n *news) event(e apply.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	line := n.next(RunLine{Event: &e})
	switch e.Phase {
	case apply.Progress:
		n.progress[e.Addr] = line
	case apply.Said:
		n.lines = append(n.lines, line)
	default:
		delete(n.progress, e.Addr)
		n.lines = append(n.lines, line)
	}
	n.wake()
}

func (n *news) end(r RunResult) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, n.next(RunLine{Result: &r}))
	n.ended = true
	n.wake()
}

func (n *news) next(line RunLine) numbered {
	n.told++
	return numbered{line, n.told}
}

func (n *news) wake() {
	close(n.more)
	n.more = make(chan struct{})
}

// follow calls tell with every line from the beginning until the run ends, ctx ends or tell fails. Of progress it hears what
// is the last whenever it asks.
func (n *news) follow(ctx context.Context, tell func(RunLine) error) error {
	heard := 0
	for {
		n.mu.Lock()
		lines, ended, more := n.after(heard), n.ended, n.more
		n.mu.Unlock()
		for _, l := range lines {
			if err := tell(l.RunLine); err != nil {
				return err
			}
			heard = l.number
		}
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

// after returns what was told after the line of that number, in order, as a copy.
func (n *news) after(number int) []numbered {
	at, _ := slices.BinarySearchFunc(n.lines, number+1, func(l numbered, number int) int { return cmp.Compare(l.number, number) })
	lines := slices.Clone(n.lines[at:])
	for l := range maps.Values(n.progress) {
		if l.number > number {
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	return lines
}
