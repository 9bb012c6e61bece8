package archive

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

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

// resource is the type "archive".
type resource struct {
	store   Store
	fetcher *fetch.Fetcher
}

var _ sdk.Resource = (*resource)(nil)

// New returns the type "archive".
func New(store Store, fetcher *fetch.Fetcher) sdk.Resource {
	return &resource{store, fetcher}
}

// Read looks whether the entry is in the store and undamaged.
func (r *resource) Read(ctx context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	if id.Known.IsNull() || id.Known.GetAttr("path").IsNull() {
		return none(), nil
	}
	known := id.Known.GetAttr("path").AsString()
	if path, err := r.store.Sound(ctx, filepath.Base(known)); err != nil || path != known {
		return none(), lost(err)
	}
	return id.Known, nil
}

// lost is what to say of an entry that cannot be used.
func lost(err error) sdk.Diagnostics {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return sdk.Warningf("Damaged archive", "%v; it is made again.", err)
}

// Apply puts the content into the store. A deletion forgets it and leaves it there, where others may use it.
func (r *resource) Apply(ctx context.Context, q sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if q.After.IsNull() {
		return none(), nil
	}
	w, problem := readWish(q.After)
	if problem != nil {
		return none(), problem
	}
	path, err := r.store.Add(ctx, w.key(), func(dir string) error {
		if w.commit != "" {
			q.Report.Send(sdk.Progress{Text: "getting " + w.name()})
			return Clone(ctx, w.source, w.commit, dir)
		}
		return w.unpack(ctx, dir, r.fetcher, q.Report)
	})
	if err != nil {
		return none(), sdk.Errorf("Cannot install the archive", "%s: %v", w.shown(), err)
	}
	atts := q.After.AsValueMap()
	atts["path"] = cty.StringVal(path)
	return cty.ObjectVal(atts), nil
}

func none() cty.Value { return cty.NullVal(Schema().Object()) }
