package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nsynapse/recipe/providers/sdk"
)

var errStalled = errors.New("no data arrived for too long")

// attempt asks one address once. What arrives stays in the part even when the attempt fails.
func (f *Fetcher) attempt(ctx context.Context, r Request, address string, report sdk.Report) (string, *failure) {
	p, err := openPart(f.path(r.key()+".part"), r, address)
	if p != nil {
		defer p.file.Close()
	}
	if err != nil {
		return "", &failure{err: err, fatal: true}
	}
	if r.Size == 0 || p.size < r.Size { // else all is there and only the digest is left to look at
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		watch := time.AfterFunc(f.o.Stall, func() { cancel(errStalled) })
		defer watch.Stop()
		body, failed := f.open(ctx, p, address)
		if failed != nil {
			return "", because(ctx, failed)
		}
		defer body.Close()
		total := r.Size
		if total == 0 {
			total = p.whole
		}
		progress := func() {
			watch.Reset(f.o.Stall)
			report.Send(sdk.Progress{Text: "downloading " + r.name(), Done: p.size, Total: total})
		}
		if failed := p.take(body, r, progress); failed != nil {
			return "", because(ctx, failed)
		}
	}
	digest := p.digest()
	return digest, f.finish(p, r, digest)
}

// because puts the reason why ctx was ended in place of the error that the end brought about.
func because(ctx context.Context, failed *failure) *failure {
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
		return &failure{err: cause, again: true}
	}
	return failed
}

func (f *Fetcher) open(ctx context.Context, p *part, address string) (io.ReadCloser, *failure) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, &failure{err: err}
	}
	if u.Scheme == "file" {
		return openLocal(p, u)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &failure{err: err}
	}
	if p.size > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", p.size))
		if p.origin.URL == address && p.origin.Validator != "" {
			request.Header.Set("If-Range", p.origin.Validator)
		}
	}
	response, err := f.o.Client.Do(request)
	if err != nil {
		return nil, &failure{err: withoutURL(err), again: true}
	}
	if failed := p.accept(response, address); failed != nil {
		response.Body.Close()
		return nil, failed
	}
	return response.Body, nil
}

// accept looks at the head of an answer and makes the part ready for its body.
func (p *part) accept(response *http.Response, address string) *failure {
	switch status := response.StatusCode; {
	case status == http.StatusPartialContent && p.size > 0:
		want := fmt.Sprintf("bytes %d-", p.size)
		if got := response.Header.Get("Content-Range"); !strings.HasPrefix(got, want) {
			return &failure{err: errors.Join(fmt.Errorf("the server answered with the wrong range %q", got), p.restart()), again: true}
		}
	case status == http.StatusOK:
		if err := p.restart(); err != nil {
			return &failure{err: err, fatal: true}
		}
	case status == http.StatusRequestedRangeNotSatisfiable && p.size > 0:
		return &failure{err: errors.Join(fmt.Errorf("the file is shorter than what had arrived (%s)", response.Status), p.restart()), again: true}
	default:
		again := status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
		return &failure{err: errors.New(response.Status), again: again, after: retryAfter(response)}
	}
	if p.whole = 0; response.ContentLength >= 0 {
		p.whole = p.size + response.ContentLength
	}
	if err := p.note(origin{address, validator(response.Header)}); err != nil {
		return &failure{err: err, fatal: true}
	}
	return nil
}

// take moves the body into the part.
func (p *part) take(body io.Reader, r Request, progress func()) *failure {
	buffer := make([]byte, 256<<10)
	for {
		n, err := body.Read(buffer)
		if p.size+int64(n) > r.limit() {
			err := fmt.Errorf("the server sends more than the %d bytes that the file may have", r.limit())
			return &failure{err: errors.Join(err, p.discard())}
		}
		if err := p.write(buffer[:n]); err != nil {
			return &failure{err: err, fatal: true}
		}
		progress()
		if err == io.EOF {
			break
		}
		if err != nil {
			return &failure{err: fmt.Errorf("the connection broke after %d bytes: %w", p.size, err), again: true}
		}
	}
	if r.Size > 0 && p.size < r.Size {
		return &failure{err: fmt.Errorf("only %d of %d bytes arrived", p.size, r.Size), again: true}
	}
	return nil
}

func openLocal(p *part, u *url.URL) (io.ReadCloser, *failure) {
	file, err := os.Open(localPath(u))
	if err != nil {
		return nil, &failure{err: err}
	}
	if err := p.restart(); err != nil {
		return nil, &failure{err: errors.Join(err, file.Close()), fatal: true}
	}
	if info, err := file.Stat(); err == nil { // else nobody knows
		p.whole = info.Size()
	}
	return file, nil
}

// validator is what If-Range may carry: a strong ETag or the time of the last change.
func validator(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return h.Get("Last-Modified")
}

func retryAfter(response *http.Response) time.Duration {
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, lastPause)
}

// withoutURL leaves out the method and address that net/http puts first: our errors say them already.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
