package agent

import (
	"errors"
	"fmt"

	"github.com/nsynapse/recipe/executor/otlp"
)

// mend returns the stack as one that can be worked with. After a failed write, on a disk that was full for instance, its
// journals take nothing more; they are opened again then, which tells what is really on the disk. And a run under way that
// nobody carries any more is carried on. So once the cause is gone the next command goes on by itself.
func (a *Agent) mend(s *stack) (*stack, error) {
	s.beginning.Lock()
	defer s.beginning.Unlock()
	if s.carried() {
		return s, nil
	}
	if broken := s.broken(); broken != nil {
		fresh, err := a.reopen(s)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(a.Log, "stack %s was opened again after: %s\n", s.name, broken)
		s = fresh
		s.beginning.Lock()
		defer s.beginning.Unlock()
	}
	if s.underWay() && !s.carried() {
		if _, err := a.carry(s, otlp.Context{}, 0, true); err != nil {
			return nil, fmt.Errorf("the run of stack %s cannot be carried on: %w", s.name, err)
		}
	}
	return s, nil
}

// broken is why the journals of the stack take nothing more, nil if they do.
func (s *stack) broken() error { return errors.Join(s.book.Err(), s.vault.Err()) }

// carried reports whether somebody carries the run under way.
func (s *stack) carried() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.carrying
}

// reopen puts a stack with fresh journals in the place of s, whose beginning is locked; who still has s can only look. If
// it fails s stays, and is broken.
func (a *Agent) reopen(s *stack) (*stack, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.stacks[s.name]; known != s {
		if known == nil {
			return nil, a.unknown(s.name)
		}
		return known, nil // another command was faster
	}
	_ = s.close() // what it could say is known: it is broken
	fresh, err := a.openFiles(s.name, s.book.Copy().Directory)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	fresh.news = s.news
	s.mu.Unlock()
	a.stacks[s.name] = fresh
	return fresh, nil
}
