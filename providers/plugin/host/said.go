package host

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of what a plugin may write to its standard error.
const (
	saidBurst = 200             // lines at once
	saidEvery = 5 * time.Second // and later one more in this time
	maxHidden = 1000            // sensitive texts that are remembered
)

// said is what a plugin writes to its standard error once it runs. Lines are passed on while no call is under way: before
// its end nobody knows which of what it brings is sensitive. What is dropped is counted.
type said struct {
	say func(line string) // nil drops everything

	mu     sync.Mutex
	held   []string
	calls  int // under way
	hidden []string
	room   float64 // lines that may be said now
	since  time.Time
	left   int // lines dropped since the last one that was passed on
}

// saidBy returns what passes the words of a plugin on.
func (h *Host) saidBy(name string) *said {
	s := &said{room: saidBurst, since: time.Now()}
	if h.Say != nil {
		s.say = func(line string) { h.Say(name, line) }
	}
	return s
}

// hear takes a line, which is passed on now or later, or left out.
func (s *said) hear(line string) {
	if s.say == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.room = min(saidBurst, s.room+now.Sub(s.since).Seconds()/saidEvery.Seconds())
	if s.since = now; s.room < 1 {
		s.left++
		return
	}
	s.room--
	if s.left > 0 {
		s.held = append(s.held, fmt.Sprintf("(%d lines were left out)", s.left))
		s.left = 0
	}
	s.held = append(s.held, line)
	s.flush()
}

// flush passes on what is held, unless a call is under way.
func (s *said) flush() {
	if s.calls > 0 {
		return
	}
	for _, line := range s.held {
		for _, secret := range s.hidden {
			line = strings.ReplaceAll(line, secret, "(sensitive)")
		}
		s.say(line)
	}
	s.held = nil
}

// begin notes that a call is under way.
func (s *said) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
}

// end notes that a call has ended, and what of it is sensitive.
func (s *said) end(secrets []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls--; s.say == nil {
		return
	}
	for _, secret := range secrets {
		for line := range strings.Lines(secret) { // what is said comes in lines too
			if line = strings.TrimSpace(line); len(line) >= minSecret && !slices.Contains(s.hidden, line) {
				s.hidden = append(s.hidden, line)
			}
		}
	}
	s.hidden = s.hidden[max(0, len(s.hidden)-maxHidden):]
	s.flush()
}
