package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/planner/lockfile"
	"github.com/nsynapse/recipe/planner/state"
)

// storeNeeds gathers what is needed of the store: by what every stack of this home has now, by the newest generations of each that it can go back to, keep
// of them or all, by the lock files beside them, and by processes that run. A stack that nobody can read, or whose run is under way, is an error.
func (a *Agent) storeNeeds(keep int) (*storeNeeds, error) {
	n := &storeNeeds{keys: map[string]bool{}}
	if err := a.allKnown(); err != nil {
		return nil, err
	}
	for _, s := range a.all() {
		if s.underWay() {
			return nil, &Problem{Kind: "busy", Message: fmt.Sprintf("a run of %s is under way", s.name), Hint: "Wait for its end: recipe apply joins it."}
		}
		s.book.View(func(st *state.State, _ *apply.Run) { n.stack(st, keep) })
	}
	n.add(filepath.Base(filepath.Dir(a.program)))
	for _, path := range runningPaths() {
		state.StoreKeys([]byte(path), func(key string) { n.add(key) })
	}
	return n, nil
}

// allKnown refuses to go on when there is a stack that could not be opened: nobody knows what it needs.
func (a *Agent) allKnown() error {
	entries, err := os.ReadDir(filepath.Join(a.Home, "stacks"))
	if err != nil {
		return fmt.Errorf("cannot list the stacks: %w", err)
	}
	for _, e := range entries {
		if _, err := a.known(e.Name()); err != nil && e.IsDir() {
			return &Problem{Message: fmt.Sprintf("the stack %s cannot be read, so nobody knows what it needs; nothing was removed", e.Name()),
				Hint: fmt.Sprintf("%s says why.", filepath.Join(a.Home, "agent.log"))}
		}
	}
	return nil
}

// stack adds what one stack needs.
func (n *storeNeeds) stack(st *state.State, keep int) {
	for _, o := range st.Objects {
		state.StoreKeys(o.Value, func(key string) { n.add(key) })
	}
	for _, p := range st.Plugins {
		n.add(pluginKey(p))
	}
	if text, err := readLockText(filepath.Join(st.Directory, lockfile.Name)); err == nil {
		n.text += string(text)
	}
	kept := 0
	for i := len(st.Generations) - 1; i >= 0; i-- {
		g := &st.Generations[i]
		lock := lockOf(g)
		if goneBackTo(g) {
			n.back = append(n.back, backKept{st.Stack, g.Number, needed(g, lock)})
			if kept++; keep > 0 && kept > keep {
				continue
			}
		} else if kept > 0 {
			continue // what did not come to its end is of use only until something does
		}
		n.add(needed(g, lock)...)
		n.add(g.Installed...)
		n.text += g.OSPackages
		if g.Installed == nil && g.Time.After(n.before) {
			n.before = g.Time
		}
	}
}

// runningPaths are the programs and working directories of the processes of this machine that we may look at.
func runningPaths() []string {
	var paths []string
	for _, name := range []string{"exe", "cwd"} {
		links, _ := filepath.Glob("/proc/[0-9]*/" + name)
		for _, link := range links {
			if to, err := os.Readlink(link); err == nil {
				paths = append(paths, strings.TrimSuffix(to, " (deleted)"))
			}
		}
	}
	return paths
}
