package deb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/sdk"
)

// loader reads what the sources of the machine offer.
type loader struct {
	aptDir       string
	architecture string
	fetcher      *fetch.Fetcher // asks through apt's proxy
	now          func() time.Time
}

// load reads all sources at the same time. Warnings are about sources that could not be read while others could.
func (l *loader) load(ctx context.Context, conf aptConf, report sdk.Report) (u *universe, warnings []error, err error) {
	sources, problems := readSources(l.aptDir, l.architecture, conf)
	results := make([]loaded, len(sources))
	var wait sync.WaitGroup
	for i, s := range sources {
		wait.Go(func() { results[i] = l.loadSource(ctx, s, report) })
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	var indexes []*index
	for i, r := range results {
		indexes = append(indexes, r.indexes...)
		if r.err != nil {
			problems = append(problems, fmt.Errorf("source %s is left out: %w", sources[i], r.err))
		}
		if r.stale != nil {
			problems = append(problems, fmt.Errorf("source %s is taken as it was known before: %w", sources[i], r.stale))
		}
	}
	if indexes == nil {
		if problems == nil {
			problems = []error{errors.New("there are none; packages of this kind need Debian or Ubuntu")}
		}
		return nil, nil, fmt.Errorf("no package source in %s can be used: %w", l.aptDir, errors.Join(problems...))
	}
	u, err = newUniverse(indexes)
	return u, problems, err
}

type loaded struct {
	indexes []*index
	stale   error
	err     error
}

func (l *loader) loadSource(ctx context.Context, s *source, report sdk.Report) loaded {
	r, err := l.readRelease(ctx, s)
	if err != nil {
		return loaded{err: err}
	}
	indexes, err := l.readIndexes(ctx, s, r, report)
	return loaded{indexes, r.stale, err}
}
