package host

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// watch ends a call that is silent for too long. Its methods may be called from any goroutine.
type watch struct {
	patience time.Duration
	cancel   context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer
	asked bool // to stop: only the result is waited for
}

func newWatch(patience time.Duration, cancel context.CancelCauseFunc) *watch {
	return &watch{patience: patience, cancel: cancel, timer: time.AfterFunc(patience, func() { cancel(errSilent(patience)) })}
}

// heard begins the time anew.
func (w *watch) heard() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.asked {
		w.timer.Reset(w.patience)
	}
}

// ask gives the call that much time for its result, whatever else is heard.
func (w *watch) ask(patience time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = true
	w.timer.Stop()
	w.timer = time.AfterFunc(patience, func() { w.cancel(fmt.Errorf("it did not stop within %s of being asked to, and was killed", patience)) })
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
}

// patient is ctx for a call that may be silent for that long. It has no deadline: a plugin would see that, and break off
// before we know why.
func patient(ctx context.Context, patience time.Duration) (context.Context, context.CancelFunc) {
	call, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(patience, func() { cancel(errSilent(patience)) })
	return call, func() {
		timer.Stop()
		cancel(nil)
	}
}
