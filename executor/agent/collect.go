package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/registry/store"
)

// collect removes from the store what nothing refers to. Nobody plans and no run is under way meanwhile: what they make is recorded
// only later. It may be killed at any point: an entry goes at once or stays whole, and what is missing is put there again when
// somebody asks for it.
func (a *Agent) collect(ctx context.Context, q CollectRequest) (*Collected, error) {
	if !a.collecting.TryLock() {
		return nil, &Problem{Kind: "busy", Message: "a plan is being made, or the store is being tidied already", Hint: "Try again when that has ended."}
	}
	defer a.collecting.Unlock()
	needs, err := a.storeNeeds(q.Keep)
	if err != nil {
		return nil, err
	}
	items, err := a.store.List()
	if err != nil {
		return nil, err
	}
	done := &Collected{Removed: []StoreEntry{}}
	stays := map[string]bool{}
	for _, i := range items {
		free := !needs.keeps(i)
		if free && time.Since(i.Asked) < q.Unused {
			free, done.Recent = false, done.Recent+1
		}
		if !free {
			stays[i.Key] = true
			done.Left, done.Bytes = done.Left+1, done.Bytes+i.Bytes
			continue
		}
		done.Removed = append(done.Removed, StoreEntry{i.Key, kindOfEntry(i.Key), i.Bytes})
	}
	done.Lost = needs.lost(stays)
	slices.SortFunc(done.Removed, func(x, y StoreEntry) int { return cmp.Or(-cmp.Compare(x.Bytes, y.Bytes), cmp.Compare(x.Key, y.Key)) })
	return done, a.drop(ctx, q, needs, stays, done)
}

// drop removes what was found to be free, and the downloads of it.
func (a *Agent) drop(ctx context.Context, q CollectRequest, needs *storeNeeds, stays map[string]bool, done *Collected) error {
	var errs []error
	for n, e := range done.Removed {
		if err := ctx.Err(); err != nil {
			done.Removed = done.Removed[:n]
			return err
		}
		if !q.DryRun {
			if err := a.store.Remove(ctx, e.Key); err != nil {
				errs = append(errs, fmt.Errorf("cannot remove %s: %w", e.Key, err))
				continue
			}
		}
		done.Freed += e.Bytes
	}
	downloads, err := fetch.New(downloadsDir(a.Home), fetch.Options{})
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	keep := func(name string) bool {
		key, made := strings.CutSuffix(name, ".json") // what an entry of Debian packages was made of
		return made && stays[key] || strings.Contains(needs.text, name)
	}
	for key := range stays {
		text, _ := os.ReadFile(filepath.Join(downloadsDir(a.Home), key+".json"))
		needs.text += string(text)
	}
	files, bytes, err := downloads.Prune(fetch.Stale{Unused: q.Unused, Keep: keep, DryRun: q.DryRun})
	done.Downloads, done.Freed = files, done.Freed+bytes
	return errors.Join(append(errs, err)...)
}

// kindOfEntry says what an entry holds, by its key.
func kindOfEntry(key string) string {
	kind, _, _ := strings.Cut(key, "-")
	switch kind {
	case "tree":
		return "files of a package"
	case "stack":
		return "files of a stack"
	case "plugin":
		return "program of a plugin"
	case "recipe":
		return "program of an earlier recipe"
	}
	return "installed software"
}

// needed are the entries that a generation was made from: what it takes to plan it again.
func needed(g *state.Generation, lock *solve.Lock) []string {
	keys := []string{g.Tree}
	if lock != nil {
		for _, p := range lock.Packages {
			keys = append(keys, p.Digest)
		}
	}
	for _, p := range g.Plugins {
		keys = append(keys, pluginKey(p))
	}
	return slices.DeleteFunc(keys, func(key string) bool { return key == "" })
}

func lockOf(g *state.Generation) *solve.Lock {
	var lock *solve.Lock
	_ = json.Unmarshal(g.Lock, &lock) // a generation without one has no packages
	return lock
}

// goneBackTo reports whether a generation can be gone back to as far as its result goes.
func goneBackTo(g *state.Generation) bool {
	return g.Result == "done" && g.Action != "destroy" && g.Tree != ""
}

// storeNeeds is what is needed of the store.
type storeNeeds struct {
	keys   map[string]bool
	before time.Time // what was installed up to then is needed: it is not known which of it a generation of an older recipe needs
	text   string    // in which the digests of all downloads that are needed are
	back   []backKept
}

// backKept is a generation that could be gone back to, with what it takes.
type backKept struct {
	stack  string
	number int
	keys   []string
}

func (n *storeNeeds) add(keys ...string) {
	for _, key := range keys {
		n.keys[key] = true
	}
}

func (n *storeNeeds) keeps(i store.Item) bool {
	installed := !slices.Contains([]string{"tree", "stack", "plugin", "recipe"}, strings.SplitN(i.Key, "-", 2)[0])
	return n.keys[i.Key] || installed && !i.Made.After(n.before)
}

// lost are the generations that need what does not stay.
func (n *storeNeeds) lost(stays map[string]bool) map[string][]int {
	lost := map[string][]int{}
	for _, g := range slices.Backward(n.back) { // they were gathered from the newest on
		if slices.ContainsFunc(g.keys, func(key string) bool { return !stays[key] }) {
			lost[g.stack] = append(lost[g.stack], g.number)
		}
	}
	return lost
}
