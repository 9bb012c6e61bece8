package deb

import (
	"context"
	"sync"

	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/sdk"
)

// shared is the universe for as long as anybody uses it: the resources of one apply share it, and afterwards its
// some 40 MB are free again.
type shared struct {
	mu    sync.Mutex
	users int
	view  *view // nil while nobody has asked or loading failed
}

type view struct {
	universe *universe
	fetcher  *fetch.Fetcher
	warnings []error
}

// use returns the view, loading it for the first user. Each call without an error needs one of release.
func (s *shared) use(ctx context.Context, o Options, fetcher *fetch.Fetcher, report sdk.Report) (*view, error) {
	s.mu.Lock() // the others wait for the first to load
	defer s.mu.Unlock()
	if s.view == nil {
		v, err := newView(ctx, o, fetcher, report)
		if err != nil {
			return nil, err
		}
		s.view = v
	}
	s.users++
	return s.view, nil
}

func (s *shared) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users == 0 {
		s.view = nil
	}
}

func newView(ctx context.Context, o Options, fetcher *fetch.Fetcher, report sdk.Report) (*view, error) {
	var err error
	if o.Architecture, err = architecture(o.Architecture); err != nil {
		return nil, err
	}
	conf := readAptConf(o.AptDir)
	fetcher, err = fetcher.WithClient(fetch.NewClient(conf.proxy))
	if err != nil {
		return nil, err
	}
	l := &loader{o.AptDir, o.Architecture, fetcher, o.Now}
	u, warnings, err := l.load(ctx, conf, report)
	return &view{u, fetcher, warnings}, err
}
