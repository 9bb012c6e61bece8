package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/vault"
	"github.com/nsynapse/recipe/planner/state"
)

// stack is one stack that the agent knows.
type stack struct {
	name  string
	dir   string // RECIPE_HOME/stacks/NAME
	book  *apply.Book
	vault *vault.Vault

	beginning sync.Mutex // held from when a run is recorded until it has news

	mu       sync.Mutex
	news     *news              // of the run under way, and after it of the last one; nil before the first
	cancel   context.CancelFunc // of the run under way
	carrying bool               // the run under way has an engine
	saving   bool               // data is being written aside or brought back for a client, and no run begins
}

// open returns the stack of that name, opening it when it is new to this agent. from is the directory that a new
// stack is recorded to be of.
func (a *Agent) open(name, from string) (*stack, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.stacks[name]; s != nil {
		return s, nil
	}
	s, err := a.openFiles(name, from)
	if err == nil {
		a.stacks[name] = s
	}
	return s, err
}

// openFiles opens what a stack has on disk.
func (a *Agent) openFiles(name, from string) (*stack, error) {
	dir := filepath.Join(a.Home, "stacks", name)
	if from == "" {
		if _, err := os.Stat(filepath.Join(dir, "journal")); err != nil {
			return nil, fmt.Errorf("there is no stack %s: %w", name, apply.ErrNothing)
		}
	}
	book, err := apply.OpenBook(a.fsys, filepath.Join(dir, "journal"), name, from)
	if err != nil {
		return nil, err
	}
	s := &stack{name: name, dir: dir, book: book}
	if err := os.Chmod(dir, 0o711); err != nil { // apps reach their own directories below it
		return nil, errors.Join(err, book.Close())
	}
	s.vault, err = vault.Open(a.fsys, filepath.Join(dir, "vault"), a.key, book.Copy().Lineage)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot open the vault of %s: %w", name, err), book.Close())
	}
	if err := s.sameAge(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// sameAge refuses a state or a vault that was put back alone from an older copy: the one would not know what runs, the other
// would lack secrets.
func (s *stack) sameAge() error {
	if err := s.vault.Fits(s.book.Copy().Generation(), s.underWay()); err != nil {
		return fmt.Errorf("cannot open the stack %s: %w; put back copies of the same time of both %s and %s, or the newer ones",
			s.name, err, filepath.Join(s.dir, "journal"), filepath.Join(s.dir, "vault"))
	}
	return nil
}

// find returns a stack that is there, or that was planned.
func (a *Agent) find(name string) (*stack, error) {
	s, err := a.known(name)
	if err != nil {
		return nil, err
	}
	return a.mend(s)
}

// findApplied returns a stack that is there.
func (a *Agent) findApplied(name string) (*stack, error) {
	s, err := a.find(name)
	if err == nil && s.empty() {
		a.mu.Lock()
		defer a.mu.Unlock()
		return nil, a.unknown(name)
	}
	return s, err
}

func (a *Agent) known(name string) (*stack, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.stacks[name]; s != nil {
		return s, nil
	}
	return nil, a.unknown(name)
}

// unknown says that there is no such stack, and which there are. The caller holds the lock.
func (a *Agent) unknown(name string) *Problem {
	p := &Problem{Message: fmt.Sprintf("there is no stack %q", name), Kind: "not-found", Hint: "recipe apply starts it. Nothing is kept of a first apply that was taken back."}
	var known []string
	for name, s := range a.stacks {
		if !s.empty() {
			known = append(known, name)
		}
	}
	if known != nil {
		slices.Sort(known)
		p.Hint = "There is " + strings.Join(known, ", ") + "."
	}
	return p
}

// all lists the stacks by name.
func (a *Agent) all() []*stack {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []*stack
	for _, s := range a.stacks {
		list = append(list, s)
	}
	slices.SortFunc(list, func(x, y *stack) int { return strings.Compare(x.name, y.name) })
	return list
}

// seal puts a secret into the vault; it is durable when seal returns.
func (s *stack) seal(clear string) (string, error) {
	if err := s.vault.Put(clear); err != nil {
		return "", err
	}
	return s.vault.ID(clear).String(), nil
}

// reveal is the inverse of seal.
func (s *stack) reveal(id string) (string, bool) {
	parsed, err := vault.ParseID(id)
	if err != nil {
		return "", false
	}
	return s.vault.Get(parsed)
}

// idOf names a clear text as seal would, without keeping it.
func (s *stack) idOf(clear string) string { return s.vault.ID(clear).String() }

func (s *stack) underWay() (running bool) {
	s.book.View(func(_ *state.State, r *apply.Run) { running = r != nil })
	return running
}

// empty reports whether nothing was ever applied, or everything was destroyed.
func (s *stack) empty() (empty bool) {
	s.book.View(func(st *state.State, r *apply.Run) { empty = r == nil && len(st.Objects) == 0 })
	return empty
}

func (s *stack) close() error { return errors.Join(s.vault.Close(), s.book.Close()) }

// forget removes an empty stack from disk.
func (a *Agent) forget(s *stack) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !s.empty() || a.stacks[s.name] != s {
		return nil
	}
	delete(a.stacks, s.name)
	// Moved aside first: what is killed in the middle of the removal must not leave half a stack under its name.
	gone := filepath.Join(filepath.Dir(s.dir), goneMark+s.name)
	return errors.Join(s.close(), os.RemoveAll(gone), os.Rename(s.dir, gone), os.RemoveAll(gone))
}

// goneMark begins the name of a directory that is being removed. No stack is called so.
const goneMark = "."

// dropNothing removes the directory of a stack whose agent was killed before it could record anything. Whatever else
// lies in it stays, and is an error.
func (a *Agent) dropNothing(name string) error {
	dir := filepath.Join(a.Home, "stacks", name)
	return errors.Join(os.RemoveAll(filepath.Join(dir, "journal")), os.Remove(dir))
}

// sweepGone finishes the removals that an earlier agent was killed in.
func (a *Agent) sweepGone() error {
	left, err := filepath.Glob(filepath.Join(a.Home, "stacks", goneMark+"*"))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}
