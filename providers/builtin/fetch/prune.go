package fetch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Stale says which downloads are removed; what was begun within the last day and is not whole yet stays in any case.
type Stale struct {
	Unused time.Duration          // only what has lain there for so long
	Keep   func(name string) bool // whether a file of that name in the directory stays
	DryRun bool                   // count, and remove nothing
}

// unfinished is how long a download that was cut off is left for somebody to go on with it.
const unfinished = 24 * time.Hour

// Prune removes downloads that nobody needs: whoever asks for one later gets it again. It may run beside others that fetch.
func (f *Fetcher) Prune(s Stale) (files int, bytes int64, err error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return 0, 0, err
	}
	var errs []error
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !s.stale(e.Name(), time.Since(info.ModTime())) {
			continue
		}
		if !s.DryRun {
			if err := os.Remove(filepath.Join(f.dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
				continue
			}
		}
		files, bytes = files+1, bytes+info.Size()
	}
	return files, bytes, errors.Join(errs...)
}

func (s *Stale) stale(name string, age time.Duration) bool {
	switch filepath.Ext(name) {
	case ".lock", ".digest", ".document": // held, or small and asked for again and again
		return false
	case ".part", ".origin":
		return age > unfinished
	}
	return age >= s.Unused && !strings.HasPrefix(name, ".") && !s.Keep(name)
}
