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

// liveLines is how many running steps are shown at a time.
const liveLines = 10

// waitLines is how many waiting steps are shown with what they wait for.
const waitLines = 3

// frame is how often the picture is drawn anew.
const frame = 100 * time.Millisecond

// liveView keeps the running steps at the bottom of a terminal, each with its time and how far it is; finished ones
// scroll away above them.
type liveView struct {
	c       *cli
	mu      sync.Mutex
	running []apply.Event // the last event of each running step, in the order they began
	began   map[string]time.Time
	scroll  []string // finished lines that were not printed yet
	drawn   int      // lines of the picture on the screen
	done    int
	total   int
	start   time.Time
	stop    chan struct{}
	ended   sync.WaitGroup
	waits   *waits
}

// newLiveView shows the run of a plan; nil for one that another recipe began.
func newLiveView(c *cli, p *plan.Plan) *liveView {
	v := &liveView{c: c, began: map[string]time.Time{}, stop: make(chan struct{}), waits: newWaits(p)}
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
	at := slices.IndexFunc(v.running, func(r apply.Event) bool { return r.Addr == e.Addr })
	switch e.Phase {
	case apply.Started, apply.UndoStart:
		v.began[e.Addr] = e.Time
		v.waits.begin(e.Addr)
		v.running = append(v.running, e)
	case apply.Progress:
		if at >= 0 {
			v.running[at] = e
		}
	case apply.Said:
		v.scroll = append(v.scroll, line(v.c, e))
	default:
		if at >= 0 {
			v.running = slices.Delete(v.running, at, at+1)
		}
		v.done++
		v.waits.finish(e.Addr)
		if !trifling(e) {
			v.scroll = append(v.scroll, finished(v.c, e))
		}
	}
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
	var b strings.Builder
	if v.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\x1b[J", v.drawn) // up to where the picture begins, and clear from there
	}
	for _, line := range v.scroll {
		b.WriteString(line + "\n")
	}
	v.scroll, v.drawn = nil, 0
	if picture && len(v.running) > 0 {
		for _, line := range v.picture() {
			b.WriteString(line + "\n")
			v.drawn++
		}
	}
	fmt.Fprint(v.c.stdout, b.String())
}

func (v *liveView) picture() []string {
	width := v.c.width()
	if width <= 0 {
		width = 80
	}
	spinner := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	turn := string(spinner[int(time.Since(v.start)/frame)%len(spinner)])
	var lines []string
	for i, e := range v.running {
		if i == liveLines {
			lines = append(lines, fmt.Sprintf("  … %d more", len(v.running)-i))
			break
		}
		text := fmt.Sprintf("%s %s", e.Addr, ing(e))
		if e.Phase == apply.Progress {
			text += ": " + e.Text + amount(e.Done, e.Total)
		}
		elapsed := time.Since(v.began[e.Addr]).Round(100 * time.Millisecond).String()
		lines = append(lines, fmt.Sprintf("  %s %s %s", v.c.dye("36", turn), clip(text, width-len(elapsed)-6), v.c.dye("2", elapsed)))
	}
	for _, line := range v.waits.lines(waitLines) {
		lines = append(lines, "  "+v.c.dye("2", clip("· "+line, width-3)))
	}
	waiting := v.total - v.done - len(v.running)
	summary := fmt.Sprintf("  %d of %d done, %d running", v.done, v.total, len(v.running))
	if waiting > 0 {
		summary += fmt.Sprintf(", %d waiting for them", waiting)
	}
	return append(lines, v.c.dye("2", clip(summary+", "+time.Since(v.start).Round(time.Second).String(), width-1)))
}

func ing(e apply.Event) string {
	if e.Phase == apply.UndoStart {
		return "is taken back"
	}
	return "…"
}

func clip(s string, width int) string {
	runes := []rune(s)
	if width < 2 || len(runes) <= width {
		return s
	}
	return string(runes[:width-1]) + "…"
}
