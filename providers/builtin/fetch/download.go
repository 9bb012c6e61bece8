package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nsynapse/recipe/providers/sdk"
)

// Pauses between attempts; the first one doubles up to the last.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 30 * time.Second
)

// failure is an attempt that failed.
type failure struct {
	err   error
	again bool          // the same address may answer better next time
	fatal bool          // no other address would do better: the disk is full, the context has ended
	after time.Duration // the server's wish; 0 for none
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// download tries the addresses in turn until one gives the file, and returns its digest.
func (f *Fetcher) download(ctx context.Context, r Request, report sdk.Report) (digest string, err error) {
	urls := append([]string(nil), r.URLs...)
	pause := firstPause
	var last error
	for round := range f.o.Attempts {
		var wish time.Duration
		var again []string
		for _, url := range urls {
			digest, failed := f.attempt(ctx, r, url, report)
			if failed == nil {
				return digest, nil
			}
			if ctx.Err() != nil {
				return "", fmt.Errorf("cannot download %s: %w", redacted(url), ctx.Err())
			}
			last = fmt.Errorf("cannot download %s: %w", redacted(url), failed.err)
			if failed.fatal {
				return "", last
			}
			if failed.again {
				again = append(again, url)
			}
			wish = max(wish, failed.after)
		}
		if urls = again; len(urls) == 0 || round == f.o.Attempts-1 {
			break
		}
		report.Send(sdk.Progress{Text: "waiting to try again: " + last.Error(), Total: r.Size})
		if err := f.o.Sleep(ctx, min(max(pause, wish), lastPause)); err != nil {
			return "", err
		}
		pause *= 2
	}
	return "", fmt.Errorf("%w\n%s", last, hint(urls))
}

func hint(left []string) string {
	if len(left) == 0 {
		return "Check the address and the digest that belongs to it."
	}
	return "Check the network and the proxy settings (HTTPS_PROXY, NO_PROXY); the part that has arrived is kept, and the next try goes on from there."
}

// finish gives the complete part its final name.
func (f *Fetcher) finish(p *part, r Request, digest string) *failure {
	if r.SHA256 != "" && digest != r.SHA256 {
		err := fmt.Errorf("%w: want %s, got %s", ErrDigest, r.SHA256, digest)
		// A part put together from two states of the file, or a damaged mirror: begin anew, elsewhere first. What
		// came in one piece is what the server has, and asking it again would give the same.
		again := p.resumed
		return &failure{err: errors.Join(err, p.discard()), again: again}
	}
	if err := p.file.Sync(); err != nil {
		return &failure{err: err, fatal: true}
	}
	if err := p.file.Close(); err != nil {
		return &failure{err: err, fatal: true}
	}
	if err := os.Rename(p.path, f.path(digest)); err != nil {
		return &failure{err: err, fatal: true}
	}
	os.Remove(p.originPath())
	return nil
}
