package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/planner/lockfile"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/registry/origin"
)

// What is kept of packages that were got by addresses, unless somebody says otherwise.
const (
	sourcesUnused = 30 * 24 * time.Hour
	sourcesBytes  = 4 << 30
	sourcesEvery  = 24 * time.Hour
)

// sweepSources bounds the cache of sources once a day, as long as the agent runs.
func (a *Agent) sweepSources() {
	marker := filepath.Join(a.sourcesDir(), ".swept")
	for wait := untilSweep(marker); ; wait = sourcesEvery {
		select {
		case <-time.After(wait):
		case <-a.running.Done():
			return
		}
		_, err := a.pruneSources(a.running, PruneSourcesRequest{Unused: sourcesUnused, Bytes: sourcesBytes})
		if err == nil {
			err = os.WriteFile(marker, nil, 0o600)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // nothing was ever got
			fmt.Fprintf(a.Log, "the cache of sources is not tidied: %s\n", err)
			return // until the next agent
		}
	}
}

// untilSweep is a day from when the marker was written.
func untilSweep(marker string) time.Duration {
	info, err := os.Stat(marker)
	if err != nil {
		return 0
	}
	return sourcesEvery - time.Since(info.ModTime())
}

func (a *Agent) sourcesDir() string { return filepath.Join(a.Home, "cache", "sources") }

// pruneSources removes what is out of bounds, and nothing that a stack of this home has been made from.
func (a *Agent) pruneSources(ctx context.Context, q PruneSourcesRequest) (*origin.Pruned, error) {
	place := origin.Place{Dir: a.sourcesDir()}
	done, err := place.Prune(ctx, origin.Bounds{Unused: q.Unused, Bytes: q.Bytes, Keep: a.sourcesInUse()})
	return &done, err
}

// sourcesInUse are the keys of what the stacks are made from, and were in the generations that they can go back to; what the lock files
// beside them name; and what a run under way is about.
func (a *Agent) sourcesInUse() map[string]bool {
	keep := map[string]bool{}
	for _, s := range a.all() {
		s.book.View(func(st *state.State, r *apply.Run) {
			for _, g := range st.Generations {
				var lock solve.Lock
				if json.Unmarshal(g.Lock, &lock) == nil {
					keepOrigins(keep, &lock)
				}
			}
			if r != nil {
				keepOrigins(keep, r.Plan.Lock)
			}
			keepLocked(keep, filepath.Join(st.Directory, lockfile.Name))
		})
	}
	return keep
}

func keepOrigins(keep map[string]bool, lock *solve.Lock) {
	if lock == nil {
		return
	}
	for _, p := range lock.Packages {
		keepSource(keep, p.Origin, "")
	}
}

// keepLocked keeps what a lock file names. One that cannot be read keeps nothing: what it names can be got again.
func keepLocked(keep map[string]bool, path string) {
	text, err := readLockText(path)
	if err != nil || text == nil {
		return
	}
	file, diags := lockfile.Parse(text, path)
	if diags.HasErrors() {
		return
	}
	for source, pin := range file.Sources {
		keepSource(keep, source, pin)
	}
}

// keepSource keeps what an address stands for; pin is "" for one that is fixed.
func keepSource(keep map[string]bool, source, pin string) {
	if !origin.Remote(source) {
		return
	}
	address, err := origin.Parse(source)
	if err != nil {
		return // that of a registry
	}
	if fixed := address.Fixed(); fixed != "" {
		pin = fixed
	}
	if pin != "" {
		keep[address.Key(pin)] = true
	}
}
