package deb

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/builtin/unpack"
	"github.com/nsynapse/recipe/providers/sdk"
)

// workers is how many packages are downloaded and unpacked at a time.
const workers = 4

// slack is what a package may hold beyond its Installed-Size, in bytes; unknownSize is the bound without one.
const (
	slack       = 64 << 20
	unknownSize = 4 << 30
)

// install downloads the packages and unpacks them into the directory, which is empty.
func (m manifest) install(ctx context.Context, dir string, fetcher *fetch.Fetcher, report sdk.Report) (err error) {
	tree, err := unpack.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(workers)
	progress := m.progress(report)
	for _, p := range m {
		work.Go(func() error {
			if err := p.install(ctx, tree, fetcher, progress(p)); err != nil {
				return fmt.Errorf("cannot unpack %s: %w", p.pin(), err)
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	report.Send(sdk.Progress{Text: "writing all of it to the disk"}) // which the store does now, and waits for
	return tree.CheckLinks()
}

func (p *pkg) install(ctx context.Context, tree *unpack.Tree, fetcher *fetch.Fetcher, report sdk.Report) error {
	path, err := fetcher.Fetch(ctx, p.request(), report)
	if err != nil {
		return err
	}
	file, err := fetch.OpenVerified(path, p.SHA256)
	if err != nil {
		return err
	}
	defer file.Close()
	data, err := openData(file)
	if err != nil {
		return err
	}
	limit := int64(unknownSize)
	if p.Installed > 0 {
		limit = 2*p.Installed + slack // Installed-Size is an estimate
	}
	if err := tree.Tar(ctx, data, unpack.Limits{Bytes: limit, Rooted: true}); err != nil {
		return err
	}
	report.Send(sdk.Progress{Done: p.Size})
	return nil
}

// progress returns a function that gives each package a report of its own; the user sees their sum.
func (m manifest) progress(report sdk.Report) func(*pkg) sdk.Report {
	var done atomic.Int64
	var total int64
	for _, p := range m {
		total += p.Size
	}
	return func(p *pkg) sdk.Report {
		var last atomic.Int64
		return sdk.Report{Progress: func(news sdk.Progress) {
			sum := done.Add(news.Done - last.Swap(news.Done))
			report.Send(sdk.Progress{Text: "installing " + p.Name, Done: sum, Total: total})
		}}
	}
}
