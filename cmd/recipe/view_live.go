package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/planner/plan"
)

// frame is how often the picture is drawn anew.
const frame = 100 * time.Millisecond

// liveView keeps the running steps at the bottom of a terminal, each with its time and how far it is; finished ones
// scroll away above them.
type liveView struct {
	c       *cli
	size    func() (width, height int) // of the terminal, which may change at any time
	mu      sync.Mutex
	running []liveStep // in the order they began
	scroll  []string   // finished lines that were not printed yet
	drawn   []int      // how many columns the lines of the picture on the screen have
	done    int
	undone  int // steps that were taken back
	total   int
	start   time.Time
	stop    chan struct{}
	ended   sync.WaitGroup
	waits   *waits
}

// liveStep is a step that runs or is taken back.
type liveStep struct {
	addr  string
	undo  bool
	began time.Time
	last  apply.Event // its last progress; zero before the first one
}

// newLiveView shows the run of a plan; nil for one that another recipe began.
func newLiveView(c *cli, p *plan.Plan) *liveView {
	v := &liveView{c: c, size: c.size, stop: make(chan struct{}), waits: newWaits(p)}
	v.ended.Go(func() {
		ticker := time.NewTicker(frame)
		defer ticker.Stop()
		for {
			select {
			case <-v.stop:
				return
			case <-ticker.C:
				v.draw(true)
			}
		}
	})
	return v
}

func (v *liveView) begin(b agent.RunBegin, joined bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.total, v.start = b.Tasks, b.Started
	if text := resumed(b, joined); text != "" {
		v.scroll = append(v.scroll, strings.TrimSpace(text))
	}
}

func (v *liveView) event(e apply.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	at := slices.IndexFunc(v.running, func(s liveStep) bool { return s.addr == e.Addr })
	switch e.Phase {
	case apply.Started, apply.UndoStart:
		v.waits.begin(e.Addr)
		v.running = append(v.running, liveStep{addr: e.Addr, undo: e.Phase == apply.UndoStart, began: e.Time})
	case apply.Progress:
		if at >= 0 {
			v.running[at].last = e
		}
	case apply.Said:
		v.scroll = append(v.scroll, line(v.c, e))
	default:
		v.finish(e, at)
	}
}

// finish takes in that a step, at that place of those that run, came to its end.
func (v *liveView) finish(e apply.Event, at int) {
	undo := e.Phase == apply.UndoDone
	if at >= 0 {
		undo = undo || v.running[at].undo
		v.running = slices.Delete(v.running, at, at+1)
	}
	if undo {
		v.undone++
	} else {
		v.done++
	}
	v.waits.finish(e.Addr)
	if !trifling(e) {
		v.scroll = append(v.scroll, finished(v.c, e))
	}
}

func (v *liveView) stopping() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.scroll = append(v.scroll, stoppingText)
}

func (v *liveView) end(*agent.RunResult) {
	close(v.stop)
	v.ended.Wait()
	v.draw(false)
}

// draw prints what has finished and, with picture, what runs, in the place of the picture before.
func (v *liveView) draw(picture bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	width, height := v.size()
	var b strings.Builder
	b.WriteString(v.erase(width, height))
	for _, line := range v.scroll {
		b.WriteString(line + "\n")
	}
	v.scroll, v.drawn = nil, nil
	if picture && len(v.running) > 0 {
		for _, l := range v.picture(width, height) {
			v.drawn = append(v.drawn, l.columns())
			b.WriteString(l.dyed(v.c) + "\n")
		}
	}
	fmt.Fprint(v.c.stdout, b.String())
}

// erase takes the picture off a screen: up to where it begins, and clear from there. A line of it takes more than one row if the
// terminal has become narrower meanwhile. What the terminal echoed, such as ^C, has moved the cursor aside.
func (v *liveView) erase(width, height int) string {
	if len(v.drawn) == 0 {
		return ""
	}
	rows := 0
	for _, columns := range v.drawn {
		rows += max(1, (columns+width-1)/width)
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", min(rows, max(height-2, 1)))
}
