package deb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Store is what the type needs of the content-addressed store.
type Store interface {
	// Add returns the path of the entry, which fill makes in an empty directory when it is missing.
	Add(ctx context.Context, key string, fill func(dir string) error) (path string, err error)
	// Sound returns the path of a complete entry that is as it was made. The error is fs.ErrNotExist if there is none,
	// and otherwise says what is damaged; Add makes it again in both cases.
	Sound(ctx context.Context, key string) (path string, err error)
}

// Options changes where the type looks; the zero value is right for everything but tests.
type Options struct {
	AptDir       string           // apt's configuration; "" means /etc/apt
	Architecture string           // of the packages, as Debian calls it; "" means this machine's
	Now          func() time.Time // nil takes time.Now
}

// resource is the type "deb".
type resource struct {
	store Store
	*Sources
}

var _ sdk.Resource = (*resource)(nil)

// New returns the type "deb". It keeps package lists and packages in the fetcher's directory.
func New(store Store, fetcher *fetch.Fetcher, o Options) sdk.Resource {
	return &resource{store, NewSources(fetcher, o)}
}

func (o Options) filled() Options {
	if o.AptDir == "" {
		o.AptDir = "/etc/apt"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Read looks only whether the entry is in the store and undamaged; newer versions in the sources are no change.
func (r *resource) Read(ctx context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	path, err := r.store.Sound(ctx, keyOf(id.Known))
	if err != nil || path != id.Known.GetAttr("path").AsString() {
		return cty.NullVal(Schema().Object()), lost(err)
	}
	return id.Known, nil
}

// lost is what to say of an entry that cannot be used.
func lost(err error) sdk.Diagnostics {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return sdk.Warningf("Damaged packages", "%v; it is made again.", err)
}

// Apply puts the packages into the store. What was resolved once for the same wish is installed again exactly. A
// deletion forgets the entry and leaves it in the store, where others may use it.
func (r *resource) Apply(ctx context.Context, q sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if q.After.IsNull() {
		return cty.NullVal(Schema().Object()), nil
	}
	value, warnings, err := r.apply(ctx, q)
	var d sdk.Diagnostics
	for _, w := range warnings {
		d = append(d, sdk.Diagnostic{Severity: sdk.Warning, Summary: "Package source", Detail: w.Error()})
	}
	if err != nil {
		return cty.NullVal(Schema().Object()), append(d, sdk.Errorf("Cannot install packages", "%v", err)...)
	}
	return value, d
}

func (r *resource) apply(ctx context.Context, q sdk.ApplyRequest) (value cty.Value, warnings []error, err error) {
	w, err := readWish(q.After)
	if err != nil {
		return cty.NilVal, nil, err
	}
	pins, key := settled(q.Known, q.After)
	if path, err := r.store.Sound(ctx, key); err == nil && pins != nil {
		return withResult(q.After, path, pins), nil, nil
	}
	if m := readManifest(r.fetcher.Dir(), key); m != nil && pins != nil {
		m, fetcher, warnings, err := r.located(ctx, m, q.Report)
		if err != nil {
			return cty.NilVal, warnings, err
		}
		value, err := r.install(ctx, q, m, fetcher)
		return value, warnings, err
	}
	view, err := r.shared.use(ctx, r.options, r.fetcher, q.Report)
	if err != nil {
		return cty.NilVal, nil, err
	}
	defer r.shared.release()
	m, err := view.universe.choose(w, pins)
	if err != nil {
		return cty.NilVal, view.warnings, err
	}
	value, err = r.install(ctx, q, m, view.fetcher)
	return value, view.warnings, err
}

// choose resolves the wish, or finds again what it was resolved to.
func (u *universe) choose(w wish, pins []string) (manifest, error) {
	if pins == nil {
		packages, err := u.resolve(w.packages, u.base, skipper(w.exclude))
		return newManifest(packages), err
	}
	var packages []*pkg
	for _, pin := range pins {
		q, err := parseRequest(pin)
		if err != nil {
			return nil, err
		}
		p, err := u.requested(q)
		if err != nil {
			return nil, fmt.Errorf("%w; change packages or exclude to have them resolved anew", err)
		}
		packages = append(packages, p)
	}
	return newManifest(packages), nil
}

func (r *resource) install(ctx context.Context, q sdk.ApplyRequest, m manifest, fetcher *fetch.Fetcher) (cty.Value, error) {
	if err := m.write(fetcher.Dir()); err != nil {
		return cty.NilVal, err
	}
	path, err := r.store.Add(ctx, m.key(), func(dir string) error {
		return m.install(ctx, dir, fetcher, q.Report)
	})
	if err != nil {
		return cty.NilVal, err
	}
	return withResult(q.After, path, m.pins()), nil
}

// architecture is Debian's name of the machine's processor.
func architecture(set string) (string, error) {
	if set != "" {
		return set, nil
	}
	if runtime.GOOS != "linux" {
		return "", fmt.Errorf("packages of the type deb work on Linux only")
	}
	names := map[string]string{
		"386": "i386", "amd64": "amd64", "arm": "armhf", "arm64": "arm64", "loong64": "loong64",
		"mips64le": "mips64el", "ppc64le": "ppc64el", "riscv64": "riscv64", "s390x": "s390x",
	}
	if name, ok := names[runtime.GOARCH]; ok {
		return name, nil
	}
	return "", fmt.Errorf("there are no packages for %s", runtime.GOARCH)
}
