package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/shim"
)

var (
	// ErrClosed says that the supervisor was closed.
	ErrClosed = errors.New("the supervisor is closed")
	// ErrUnknown says that there is no unit of this address.
	ErrUnknown = errors.New("no such process")
	// ErrExists says that there is a unit of this address already.
	ErrExists = errors.New("the process is supervised already")
)

// Options are what a Supervisor works with.
type Options struct {
	Shim  shim.Program   // how to run a shim; required
	Clock Clock          // nil is the system's
	Rand  func() float64 // in [0, 1), for the jitter of pauses, called from any goroutine; nil is math/rand
	FS    disk.FS        // for the file that says that a unit is paused; nil is the system's
	// OnChange is told every change of state; of one unit in order and from one goroutine at a time, which must not
	// be held up and must not call the Supervisor. Nil drops the news.
	OnChange func(Status)
}

// A Supervisor keeps units running. Its methods are safe for concurrent use.
type Supervisor struct {
	program  shim.Program
	clock    Clock
	random   func() float64
	disk     disk.FS
	onChange func(Status)

	needs   needs
	settle  settling
	closed  chan struct{}
	close   func()
	loops   sync.WaitGroup
	forking chan struct{} // bounds how many processes are started at a time
	stock   *stock

	mu    sync.Mutex
	units map[string]*Unit
}

// stopFile lies in the directory of a unit that the user has stopped.
const stopFile = "stopped"

// New returns a supervisor without units.
func New(o Options) *Supervisor {
	s := &Supervisor{
		program: o.Shim, clock: o.Clock, random: o.Rand, disk: o.FS, onChange: o.OnChange,
		needs:   needs{components: map[string]*component{}},
		settle:  settling{moving: map[*Unit]struct{}{}},
		closed:  make(chan struct{}),
		forking: make(chan struct{}, parallelForks),
		stock:   &stock{program: o.Shim},
		units:   map[string]*Unit{},
	}
	s.close = sync.OnceFunc(func() { close(s.closed) })
	if s.clock == nil {
		s.clock = systemClock{}
	}
	if s.random == nil {
		s.random = rand.Float64
	}
	if s.disk == nil {
		s.disk = disk.OS{}
	}
	return s
}

// Start brings up a new unit, or one that does not run, and returns when it is ready or finished. If it does not get
// there, or ctx ends first, the process is stopped, the unit has failed, and the error is a *StartError. A process that
// runs in the directory already is taken over. A unit that the user has paused is resumed. It fails with ErrExists for a
// unit that runs.
func (s *Supervisor) Start(ctx context.Context, spec Spec) error {
	if _, err := s.unit(spec.Address); err == nil {
		return s.restart(ctx, spec, true)
	}
	if err := s.unpause(spec.Dir); err != nil {
		return err
	}
	u, err := s.add(spec)
	if err != nil {
		return err
	}
	return u.call(ctx, func(c chan error) {
		u.starters, u.firstRun = append(u.starters, c), true
		u.begin(ctx)
	})
}

// Replace stops the unit of the same address, if there is one, starts it with the new spec and returns as Start does.
// A unit that the user has paused stays so and only takes over the spec, and a process that was started by the same order
// goes on.
func (s *Supervisor) Replace(ctx context.Context, spec Spec) error {
	if _, err := s.unit(spec.Address); err != nil {
		return s.Start(ctx, spec)
	}
	return s.restart(ctx, spec, false)
}

// restart is Replace for a unit that is known; idle demands that it does not run.
func (s *Supervisor) restart(ctx context.Context, spec Spec, idle bool) error {
	u, err := s.unit(spec.Address)
	if err != nil {
		return err
	}
	if spec.Dir != u.dir || spec.Component != u.component {
		return fmt.Errorf("cannot move %s of %s from %s to %s of %s: remove it first",
			spec.Address, u.component, u.dir, spec.Dir, spec.Component)
	}
	if idle {
		if err := s.unpause(spec.Dir); err != nil {
			return err
		}
	}
	spec = spec.withDefaults()
	return u.call(ctx, func(c chan error) {
		switch {
		case idle && u.state != Stopped && u.state != Failed && u.state != Finished:
			c <- fmt.Errorf("cannot start %s: %w", spec.Address, ErrExists)
		case u.paused():
			u.takeOver(spec)
			c <- nil
		case u.process != nil && (u.state == Starting || u.state == Ready || u.state == Unready) && startedBy(spec):
			u.rejoin(spec, c)
		default:
			u.replace(spec, c)
		}
	})
}

// Restart stops the unit and starts it again as it is; see Replace. A unit that the user has paused is resumed, and of one
// that somebody is starting at this moment, Restart waits for that start and shares its outcome. Where the disk has no room
// for the start, the process goes on.
func (s *Supervisor) Restart(ctx context.Context, address string) error {
	u, err := s.unit(address)
	if err != nil {
		return err
	}
	if err := s.unpause(u.dir); err != nil {
		return err
	}
	return u.call(ctx, func(c chan error) {
		if u.leaving {
			c <- ErrUnknown
			return
		}
		if u.join(c) {
			return
		}
		if err := u.holdRoom(); err != nil {
			c <- err
			return
		}
		u.replace(u.spec, c)
	})
}

// Stop ends the process of a unit and all its descendants, and returns when they are gone. The unit stays known and
// stopped until Start, Replace or the next Boot. When ctx ends first, the stopping goes on.
func (s *Supervisor) Stop(ctx context.Context, address string) error {
	u, err := s.unit(address)
	if err != nil {
		return err
	}
	return u.stopAndWait(ctx)
}

// Remove is Stop, and forgets the unit. Its directory stays. A unit that is not known is no error.
func (s *Supervisor) Remove(ctx context.Context, address string) error {
	u, err := s.unit(address)
	if err != nil {
		return nil
	}
	leave := func(leaving bool) func() { return func() { u.leaving = leaving } }
	if err := u.do(ctx, leave(true)); err != nil && !errors.Is(err, ErrUnknown) {
		return err
	}
	if err := u.stopAndWait(ctx); err != nil {
		_ = u.do(context.WithoutCancel(ctx), leave(false)) // it stays, unless it is gone
		return err
	}
	return s.forget(ctx, u, true)
}

// Clear ends what runs in the directory of a unit that is not known, as a supervisor that was killed has left it, and returns when
// it is gone. Nothing that runs is no error. A unit that is known is removed.
func (s *Supervisor) Clear(ctx context.Context, spec Spec) error {
	u, err := s.add(spec)
	if errors.Is(err, ErrExists) {
		return s.Remove(ctx, spec.Address)
	}
	if err != nil {
		return err
	}
	if err := u.do(ctx, func() { u.blind = 1 }); err != nil { // so it is looked before it counts as stopped
		return err
	}
	return s.Remove(ctx, spec.Address)
}

// forget ends the unit, of which nothing runs; news says whether that is told.
func (s *Supervisor) forget(ctx context.Context, u *Unit, news bool) error {
	address := u.snapshot().Address
	err := u.do(ctx, func() {
		if news && u.state != Stopped { // once is enough
			u.enter(Stopped, "")
		}
		s.needs.remove(u, u.spec, false)
		close(u.removed)
	})
	if err != nil && !errors.Is(err, ErrUnknown) {
		return err
	}
	if err := shim.Sweep(u.dir); err != nil {
		return fmt.Errorf("cannot remove %s: %w", address, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.units[address] == u {
		delete(s.units, address)
	}
	return nil
}

// Pause is Stop at the wish of the user: it outlives the supervisor, until Resume or Start.
func (s *Supervisor) Pause(ctx context.Context, address string) error {
	u, err := s.unit(address)
	if err != nil {
		return err
	}
	if err := disk.WriteFile(s.disk, u.stopFile(), nil, 0o600); err != nil {
		return fmt.Errorf("cannot pause %s: %w", address, err)
	}
	return u.stopAndWait(ctx)
}

// Resume starts a paused unit again and returns as Start does; one that somebody is starting, as Restart does.
func (s *Supervisor) Resume(ctx context.Context, address string) error {
	u, err := s.unit(address)
	if err != nil {
		return err
	}
	if err := s.unpause(u.dir); err != nil {
		return err
	}
	return u.call(ctx, func(c chan error) {
		if u.leaving {
			c <- ErrUnknown
			return
		}
		if u.process != nil && u.state != Stopping {
			c <- nil
			return
		}
		if !u.join(c) {
			u.replace(u.spec, c)
		}
	})
}

// Fence ends the process of a unit if it is the one with that PID, and does not wait for it: at once with now, otherwise as
// its Spec says. The unit is started again, as far as its Gate allows. A unit that is not known is passed over.
func (s *Supervisor) Fence(ctx context.Context, address string, pid int, now bool, why string) {
	if u, err := s.unit(address); err == nil {
		_ = u.do(ctx, func() { u.fence(pid, now, why) }) // without a unit there is nothing to end
	}
}

// Wake asks the Gate of a unit that stands by again.
func (s *Supervisor) Wake(address string) {
	u, err := s.unit(address)
	if err != nil {
		return
	}
	select {
	case u.wake <- struct{}{}:
	default: // it is about to ask
	}
}

// Settle returns when no unit is waiting, starting or stopping, or when ctx ends. A unit in backoff or crash-loop has
// settled: nobody knows when it will do better.
func (s *Supervisor) Settle(ctx context.Context) error { return s.settle.wait(ctx, s.closed) }

// Statuses returns all units, sorted by address.
func (s *Supervisor) Statuses() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Status, 0, len(s.units))
	for _, u := range s.units {
		all = append(all, u.snapshot())
	}
	slices.SortFunc(all, func(a, b Status) int { return strings.Compare(a.Address, b.Address) })
	return all
}

// Status returns one unit; ok is false if it is not known.
func (s *Supervisor) Status(address string) (status Status, ok bool) {
	u, err := s.unit(address)
	if err != nil {
		return Status{}, false
	}
	return u.snapshot(), true
}

// Close ends the supervision and leaves all processes running. Calls that wait fail with ErrClosed.
func (s *Supervisor) Close() {
	s.close()
	s.loops.Wait()
	s.stock.close()
}

func (s *Supervisor) unit(address string) (*Unit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.units[address]; u != nil {
		return u, nil
	}
	return nil, fmt.Errorf("%s: %w", address, ErrUnknown)
}

// add makes a unit known and starts its goroutine.
func (s *Supervisor) add(spec Spec) (*Unit, error) {
	if spec.Address == "" || !filepath.IsAbs(spec.Dir) {
		return nil, fmt.Errorf("cannot supervise %q in %q: it needs an address and an absolute directory", spec.Address, spec.Dir)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		return nil, ErrClosed
	default:
	}
	if s.units[spec.Address] != nil {
		return nil, fmt.Errorf("%s: %w", spec.Address, ErrExists)
	}
	u := newUnit(s, spec.withDefaults())
	s.units[spec.Address] = u
	s.settle.note(u, Waiting) // for what it is told first
	s.loops.Go(u.loop)
	return u, nil
}

func (s *Supervisor) unpause(dir string) error {
	path := filepath.Join(dir, stopFile)
	err := s.disk.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = s.disk.SyncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("cannot resume the unit in %s: %w", dir, err)
	}
	return nil
}
