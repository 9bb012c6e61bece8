package deb

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Sources are the package sources of this machine. It is safe for concurrent use.
type Sources struct {
	fetcher *fetch.Fetcher
	options Options
	shared  shared
}

// NewSources returns the sources. Package lists and packages are kept in the fetcher's directory.
func NewSources(fetcher *fetch.Fetcher, o Options) *Sources {
	return &Sources{fetcher: fetcher, options: o.filled()}
}

// Open reads the sources, so that wishes can be resolved until Close is called. Warnings are about sources that cannot be read.
func (s *Sources) Open(ctx context.Context) (o *Offer, warnings []error, err error) {
	v, err := s.shared.use(ctx, s.options, s.fetcher, sdk.Report{})
	if err != nil {
		return nil, nil, err
	}
	return &Offer{s, v}, v.warnings, nil
}

// Offer is what the sources offer.
type Offer struct {
	sources *Sources
	view    *view
}

// Close frees the memory of what is offered.
func (o *Offer) Close() { o.sources.shared.release() }

// Resolve chooses the newest packages that meet a wish.
func (o *Offer) Resolve(w Wish) (Set, error) {
	parsed, err := w.parse()
	if err != nil {
		return nil, err
	}
	m, err := o.view.universe.choose(parsed, nil)
	return m.set(), err
}

// Download gets the packages of a set that are not among the downloads yet, and returns the paths of all of them in their
// order.
func (s *Sources) Download(ctx context.Context, set Set) ([]string, error) {
	m := readManifest(s.fetcher.Dir(), set.Key())
	if m == nil {
		m = set.manifest()
	}
	m, fetcher, _, err := s.located(ctx, m, sdk.Report{})
	if err != nil {
		return nil, err
	}
	paths := make([]string, len(m))
	for i, p := range m {
		if paths[i], err = fetcher.Fetch(ctx, p.request(), sdk.Report{}); err != nil {
			return nil, fmt.Errorf("cannot get %s: %w", p.pin(), err)
		}
	}
	return paths, nil
}

// Import takes the packages of a set over from a directory, in which each lies under its digest. What is among the downloads
// already need not be there.
func (s *Sources) Import(ctx context.Context, set Set, dir string) error {
	for _, p := range set {
		q := fetch.Request{SHA256: p.SHA256, Name: p.Name + " " + p.Version}
		path := filepath.Join(dir, p.SHA256)
		if _, err := os.Stat(path); err == nil {
			q.URLs = []string{(&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()}
		}
		if _, err := s.fetcher.Fetch(ctx, q, sdk.Report{}); err != nil {
			return fmt.Errorf("%s %s: %w", p.Name, p.Version, err)
		}
	}
	return nil
}

// Locate makes sure that a set can be installed: each of its packages is among the downloads, or an address is known where
// these bits were offered. What it finds out is noted, so that it is asked once.
func (s *Sources) Locate(ctx context.Context, set Set) error {
	if readManifest(s.fetcher.Dir(), set.Key()) != nil {
		return nil
	}
	for _, p := range set.manifest() {
		if !s.fetcher.Has(p.SHA256) {
			continue
		}
		if err := p.claims(filepath.Join(s.fetcher.Dir(), p.SHA256)); err != nil {
			return err
		}
	}
	m, _, _, err := s.located(ctx, set.manifest(), sdk.Report{})
	if err != nil {
		return err
	}
	return m.write(s.fetcher.Dir())
}

// located returns the manifest with the addresses of what is not among the downloads. The sources are asked only for what
// no address is known of: a manifest that comes from a lock file has none.
func (s *Sources) located(ctx context.Context, m manifest, report sdk.Report) (_ manifest, _ *fetch.Fetcher, warnings []error, err error) {
	there := func(p *pkg) bool { return len(p.URLs) > 0 || s.fetcher.Has(p.SHA256) }
	if !slices.ContainsFunc(m, func(p *pkg) bool { return !there(p) }) {
		fetcher, err := s.fetcher.WithClient(fetch.NewClient(readAptConf(s.options.AptDir).proxy))
		return m, fetcher, nil, err
	}
	v, err := s.shared.use(ctx, s.options, s.fetcher, report)
	if err != nil {
		return nil, nil, nil, err
	}
	defer s.shared.release()
	whole := make(manifest, len(m))
	for i, p := range m {
		whole[i] = p
		if there(p) {
			continue
		}
		if whole[i], err = v.universe.same(p); err != nil {
			return nil, nil, v.warnings, err
		}
	}
	return whole, v.fetcher, v.warnings, nil
}

// same finds the package with just these bits.
func (u *universe) same(want *pkg) (*pkg, error) {
	p := u.exact(want.Name, want.Version)
	if p == nil {
		return nil, fmt.Errorf("%w; recipe lock -upgrade=%s takes what there is now", u.noSuchVersion(request{want.Name, want.Version}), want.Name)
	}
	if p.SHA256 != want.SHA256 {
		return nil, fmt.Errorf("locked is %s with the digest sha256:%s, and the sources of this machine have it with sha256:%s: "+
			"somebody changed the lock file or the package, find out who before anything else", want.pin(), want.SHA256, p.SHA256)
	}
	return p, nil
}
