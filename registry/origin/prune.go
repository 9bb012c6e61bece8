package origin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nsynapse/recipe/lang/pattern"
	"github.com/nsynapse/recipe/providers/builtin/claim"
)

// inUse is how long what was asked for is left alone: whoever asked reads it, and says nothing more.
const inUse = time.Hour

var keyPattern = pattern.New(`^[0-9a-f]{64}$`)

// Key names what an address stands for at a pin, in the place of what was got.
func (a Address) Key(pin string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(a.location+"\n"+pin)))
}

// Bounds say what is removed. What was asked for within the last hour stays in any case.
type Bounds struct {
	Unused time.Duration   // what nobody asked for since then goes
	Bytes  int64           // what was asked for longest ago goes, until no more is left than that; 0 for no bound
	Keep   map[string]bool // keys of what stays
}

// Pruned is what was done, and what is left.
type Pruned struct {
	Removed int   `json:"removed"`
	Freed   int64 `json:"freed"` // in bytes
	Left    int   `json:"left"`
	Bytes   int64 `json:"bytes"` // of what is left
}

// thing is a directory that was got.
type thing struct {
	key   string
	asked time.Time // when it was last asked for
	size  int64
}

// Prune removes what is out of bounds. It may run beside others that get, and beside itself.
func (p Place) Prune(ctx context.Context, b Bounds) (Pruned, error) {
	things, err := p.things()
	if err != nil {
		return Pruned{}, err
	}
	var done Pruned
	for _, t := range things {
		done.Left, done.Bytes = done.Left+1, done.Bytes+t.size
	}
	var errs []error
	for _, t := range things {
		old, over := time.Since(t.asked) >= b.Unused, b.Bytes > 0 && done.Bytes > b.Bytes
		if b.Keep[t.key] || !old && !over {
			continue
		}
		gone, err := p.remove(ctx, t.key)
		errs = append(errs, err)
		if gone {
			done.Removed, done.Freed, done.Left, done.Bytes = done.Removed+1, done.Freed+t.size, done.Left-1, done.Bytes-t.size
		}
	}
	return done, errors.Join(append(errs, p.sweep())...)
}

// things lists what was got, that which was asked for longest ago first.
func (p Place) things() ([]thing, error) {
	entries, err := os.ReadDir(p.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []thing
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() || !keyPattern.MatchString(e.Name()) {
			continue
		}
		list = append(list, thing{e.Name(), info.ModTime(), sizeOf(filepath.Join(p.Dir, e.Name()))})
	}
	slices.SortFunc(list, func(a, b thing) int { return cmp.Or(a.asked.Compare(b.asked), cmp.Compare(a.key, b.key)) })
	return list, err
}

// remove removes a thing unless somebody is getting it or has asked for it a short while ago. A half-removed one is never seen.
func (p Place) remove(ctx context.Context, key string) (gone bool, err error) {
	whole := filepath.Join(p.Dir, key)
	lock, err := claim.Acquire(ctx, whole+".lock")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	info, err := os.Stat(whole)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || time.Since(info.ModTime()) < inUse {
		return false, err
	}
	aside, err := os.MkdirTemp(p.Dir, ".gone-*")
	if err != nil {
		return false, err
	}
	if err := os.Rename(whole, filepath.Join(aside, key)); err != nil {
		return false, errors.Join(err, os.Remove(aside))
	}
	return true, os.RemoveAll(aside)
}

// sweep removes what processes left that were killed while they got or removed something.
func (p Place) sweep() error {
	entries, err := os.ReadDir(p.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && (strings.HasPrefix(e.Name(), ".new-") || strings.HasPrefix(e.Name(), ".gone-")) && time.Since(info.ModTime()) > 24*time.Hour {
			errs = append(errs, os.RemoveAll(filepath.Join(p.Dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// ask notes that a thing is asked for, if it is there.
func (p Place) ask(ctx context.Context, whole string) (there bool, err error) {
	lock, err := claim.Acquire(ctx, whole+".lock")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	now := time.Now()
	err = os.Chtimes(whole, now, now)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
