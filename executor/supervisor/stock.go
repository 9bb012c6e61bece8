package supervisor

import (
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
)

// together is how soon one start follows another for a third to be expected.
const together = time.Second

// A stock has the shim of the next start ready while starts come one after the other: running a shim takes longer than
// handing it an app, and can go on while the app before it becomes ready. Its methods are safe for concurrent use.
type stock struct {
	program shim.Program

	mu      sync.Mutex
	spare   *shim.Prepared // nil if there is none, or one is in the making
	making  bool
	closed  bool
	taken   time.Time // when a shim was taken last
	discard *time.Timer
	work    sync.WaitGroup
}

// take returns a shim, and has another one made if this is not the first start for a while.
func (s *stock) take() (*shim.Prepared, error) {
	s.mu.Lock()
	spare := s.spare
	s.spare = nil
	more := time.Since(s.taken) < together
	s.taken = time.Now()
	s.mu.Unlock()
	var err error
	if spare != nil && !spare.Lives() { // somebody has killed it
		spare.Close()
		spare = nil
	}
	if spare == nil {
		spare, err = shim.Prepare(s.program)
	}
	if more && err == nil {
		s.fill()
	}
	return spare, err
}

// fill makes a spare shim unless there is one. It is given up when it is not used soon.
func (s *stock) fill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.making || s.spare != nil {
		return
	}
	s.making = true
	s.work.Go(func() {
		spare, err := shim.Prepare(s.program)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.making = false
		switch {
		case err != nil: // the start that comes makes one itself, and can say why not
		case s.closed:
			spare.Close()
		default:
			s.spare = spare
			s.keep()
		}
	})
}

// keep gives the spare up after a while. mu is held.
func (s *stock) keep() {
	if s.discard == nil {
		s.discard = time.AfterFunc(together, s.drop)
		return
	}
	s.discard.Reset(together)
}

func (s *stock) drop() {
	s.mu.Lock()
	spare := s.spare
	s.spare = nil
	s.mu.Unlock()
	if spare != nil {
		spare.Close()
	}
}

// close ends the spare. Nothing is made after it.
func (s *stock) close() {
	s.mu.Lock()
	s.closed = true
	if s.discard != nil {
		s.discard.Stop()
	}
	s.mu.Unlock()
	s.work.Wait()
	s.drop()
}
