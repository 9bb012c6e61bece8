package web

import (
	"io"
	"sync"
	"time"
)

// silence is the time in which an upstream owes us something and says nothing. When it has lasted too long the exchange is
// ended. It is safe for concurrent use.
type silence struct {
	limit time.Duration

	mu    sync.Mutex
	timer *time.Timer
	on    bool // between begin and end
}

// newSilence returns one that has not begun; tooLong is called, in a goroutine of its own, when it has lasted for limit.
func newSilence(limit time.Duration, tooLong func()) *silence {
	s := &silence{limit: limit, timer: time.AfterFunc(limit, tooLong)}
	s.timer.Stop()
	return s
}

func (s *silence) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = true
	s.timer.Reset(s.limit)
}

func (s *silence) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = false
	s.timer.Stop()
}

// broken begins it anew, if it has begun.
func (s *silence) broken() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.on {
		s.timer.Reset(s.limit)
	}
}

// heard is the body of an answer, each part of which has to come in time. A client that takes its time makes no silence.
type heard struct {
	io.ReadCloser
	quiet *silence
}

// Read implements io.Reader.
func (h *heard) Read(b []byte) (int, error) {
	h.quiet.begin()
	defer h.quiet.end()
	return h.ReadCloser.Read(b)
}
