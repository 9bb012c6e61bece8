package host

import (
	"fmt"
	"time"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Bounds of what one call may say: news are kept until the next run.
const (
	maxNews      = 1000 // pieces of progress and lines, together
	maxNewsBytes = 1 << 10
	newsEvery    = 100 * time.Millisecond // progress in between is dropped
)

// limiter passes the news of one call on, within bounds.
type limiter struct {
	report sdk.Report
	count  int
	shown  time.Time
	late   *sdk.Progress // came too early to be shown
}

func newLimiter(report sdk.Report) *limiter { return &limiter{report: report} }

// pass shows one piece of news, or drops it.
func (l *limiter) pass(m *protocol.ApplyResponse) {
	if p := m.GetProgress(); p != nil {
		l.late = &sdk.Progress{Text: wire.Text(p.GetText(), maxNewsBytes), Done: p.GetDone(), Total: p.GetTotal()}
		if time.Since(l.shown) >= newsEvery {
			l.close()
		}
		return
	}
	if line := m.GetLog(); line != nil && l.room() {
		l.report.Logf("%s", wire.Text(line.GetLine(), maxNewsBytes))
	}
}

// close shows the last progress that is still waiting.
func (l *limiter) close() {
	if l.late == nil || !l.room() {
		return
	}
	l.report.Send(*l.late)
	l.late, l.shown = nil, time.Now()
}

// room counts one more piece; the one after the last is a note that no more follow.
func (l *limiter) room() bool {
	if l.count > maxNews {
		return false
	}
	if l.count++; l.count > maxNews {
		l.report.Logf("%s", fmt.Sprintf("(more than %d pieces of news; the rest is dropped)", maxNews))
		return false
	}
	return true
}
