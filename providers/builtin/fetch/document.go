package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// ErrNotFound says that the server has no such document.
var ErrNotFound = errors.New("there is no such file")

// Document is a small file that changes over time.
type Document struct {
	Content []byte
	// Stale tells why the server could not be asked, when an older copy had to do; nil otherwise.
	Stale error
}

// kept is how a document lies on disk.
type kept struct {
	URL          string
	ETag         string
	LastModified string
	Checked      time.Time // when the server last said that this is the current content
	Content      []byte
}

// Document returns the file at the address as it is now. The server is asked at most once in maxAge, and answers
// briefly when nothing has changed. When it does not answer, the copy that is there has to do. Limit bounds the
// content, in bytes. It is an ErrNotFound when the server says that it has no such file.
func (f *Fetcher) Document(ctx context.Context, address string, maxAge time.Duration, limit int64) (Document, error) {
	path := f.path(urlKey(address) + ".document")
	var d Document
	err := f.claims.Do(ctx, path+".lock", func() (err error) {
		d, err = f.document(ctx, path, address, maxAge, limit)
		return err
	})
	if err == nil && d.Content == nil { // somebody else of this process has just asked
		if old := readKept(path, address); old != nil {
			d.Content = old.Content
		}
	}
	return d, err
}

func (f *Fetcher) document(ctx context.Context, path, address string, maxAge time.Duration, limit int64) (Document, error) {
	old := readKept(path, address)
	if old != nil {
		if age := f.o.Now().Sub(old.Checked); age >= 0 && age < maxAge {
			return Document{Content: old.Content}, nil
		}
	}
	fresh, err := f.ask(ctx, old, address, limit)
	switch {
	case err == nil:
		fresh.Checked = f.o.Now()
		return Document{Content: fresh.Content}, fresh.write(path)
	case ctx.Err() != nil || old == nil || errors.Is(err, ErrNotFound):
		return Document{}, fmt.Errorf("cannot read %s: %w", redacted(address), err)
	}
	return Document{Content: old.Content, Stale: fmt.Errorf("cannot read %s: %w", redacted(address), err)}, nil
}

// ask asks the server; old is what we have, nil for nothing.
func (f *Fetcher) ask(ctx context.Context, old *kept, address string, limit int64) (*kept, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "file" {
		content, err := os.ReadFile(localPath(u))
		if errors.Is(err, fs.ErrNotExist) {
			err = ErrNotFound
		}
		return &kept{URL: address, Content: content}, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.o.Stall)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if old != nil && old.ETag != "" {
		request.Header.Set("If-None-Match", old.ETag)
	}
	if old != nil && old.LastModified != "" {
		request.Header.Set("If-Modified-Since", old.LastModified)
	}
	response, err := f.o.Client.Do(request)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer response.Body.Close()
	return readAnswer(response, old, address, limit)
}

func readAnswer(response *http.Response, old *kept, address string, limit int64) (*kept, error) {
	switch {
	case response.StatusCode == http.StatusNotModified && old != nil:
		return old, nil
	case response.StatusCode == http.StatusNotFound || response.StatusCode == http.StatusGone:
		return nil, fmt.Errorf("%w (%s)", ErrNotFound, response.Status)
	case response.StatusCode != http.StatusOK:
		return nil, errors.New(response.Status)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("it has more than %d bytes", limit)
	}
	return &kept{
		URL: address, ETag: response.Header.Get("ETag"),
		LastModified: response.Header.Get("Last-Modified"), Content: content,
	}, nil
}

func readKept(path, address string) *kept {
	text, err := os.ReadFile(path)
	var k kept
	if err != nil || json.Unmarshal(text, &k) != nil || k.URL != address {
		return nil // as good as none: the server is asked
	}
	return &k
}

func (k *kept) write(path string) error {
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// localPath is the path that a file address names.
func localPath(u *url.URL) string {
	path := u.Path
	if runtime.GOOS == "windows" && len(path) > 2 && path[0] == '/' && path[2] == ':' {
		path = path[1:]
	}
	return filepath.FromSlash(path)
}
