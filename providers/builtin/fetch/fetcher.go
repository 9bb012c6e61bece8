package fetch

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/nsynapse/recipe/providers/builtin/claim"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Options changes how a Fetcher works; the zero value is right for everything but tests.
type Options struct {
	Client   *http.Client                                         // nil takes NewClient(nil)
	Parallel int                                                  // downloads at a time; 0 means 4
	Attempts int                                                  // attempts for each address; 0 means 5
	Stall    time.Duration                                        // an attempt ends when no byte comes for so long; 0 means 30 s
	Now      func() time.Time                                     // nil takes time.Now
	Sleep    func(ctx context.Context, pause time.Duration) error // nil waits for real
}

// Fetcher downloads files into one directory. It is safe for concurrent use, also by several processes.
type Fetcher struct {
	dir    string
	o      Options
	slots  chan struct{} // one token for each running download
	claims claim.Group
}

// New returns a Fetcher for dir, which it makes when it is missing.
func New(dir string, o Options) (*Fetcher, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the directory for downloads: %w", err)
	}
	if o.Client == nil {
		o.Client = NewClient(nil)
	}
	if o.Parallel == 0 {
		o.Parallel = 4
	}
	if o.Attempts == 0 {
		o.Attempts = 5
	}
	if o.Stall == 0 {
		o.Stall = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return &Fetcher{dir: dir, o: o, slots: make(chan struct{}, o.Parallel)}, nil
}

// WithClient returns a Fetcher for the same directory that asks through another client.
func (f *Fetcher) WithClient(client *http.Client) (*Fetcher, error) {
	o := f.o
	o.Client = client
	return New(f.dir, o)
}

// Dir is the directory that downloads are kept in.
func (f *Fetcher) Dir() string { return f.dir }

// Fetch downloads the file, unless it is there already, and returns its path. What is at the path had the digest
// when Fetch returned; who hands its bytes to a parser opens it with OpenVerified.
func (f *Fetcher) Fetch(ctx context.Context, r Request, report sdk.Report) (path string, err error) {
	if err := r.check(); err != nil {
		return "", err
	}
	work := func() (err error) {
		path, err = f.fetch(ctx, r, report)
		return err
	}
	if err := f.claims.Do(ctx, f.path(r.key()+".lock"), work); err != nil {
		return "", err
	}
	if path != "" {
		return path, nil
	}
	if r.SHA256 != "" { // somebody else of this process has done it
		return f.path(r.SHA256), nil
	}
	return f.known(r.key())
}

func (f *Fetcher) fetch(ctx context.Context, r Request, report sdk.Report) (string, error) {
	if r.SHA256 != "" {
		if f.Has(r.SHA256) {
			return f.path(r.SHA256), nil
		}
	}
	if len(r.URLs) == 0 {
		return "", fmt.Errorf("%s is not among the downloads, and nobody says where to get it", r.name())
	}
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	digest, err := f.download(ctx, r, report)
	if err != nil {
		return "", err
	}
	if r.SHA256 == "" {
		if err := f.remember(r.key(), digest); err != nil {
			return "", err
		}
	}
	return f.path(digest), nil
}

// Has reports whether the complete file with the digest is there and whole; a damaged one is removed.
func (f *Fetcher) Has(digest string) bool {
	file, err := OpenVerified(f.path(digest), digest)
	if err != nil {
		os.Remove(f.path(digest))
		return false
	}
	file.Close()
	return true
}

func (f *Fetcher) path(name string) string { return filepath.Join(f.dir, name) }

// remember notes which digest the file at an address had, for callers that waited for its download.
func (f *Fetcher) remember(key, digest string) error {
	return os.WriteFile(f.path(key+".digest"), []byte(digest), 0o644)
}

func (f *Fetcher) known(key string) (string, error) {
	digest, err := os.ReadFile(f.path(key + ".digest"))
	if err != nil {
		return "", err
	}
	return f.path(string(digest)), nil
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
