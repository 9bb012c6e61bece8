package fetch_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/sdk"
)

var content = bytes.Repeat([]byte("0123456789abcdef"), 100_000)

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func serve(t *testing.T, h http.HandlerFunc) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL + "/file"
}

// fetcher waits for nothing; pauses collects how long it would have.
func fetcher(t *testing.T, dir string) (f *fetch.Fetcher, pauses *[]time.Duration) {
	pauses = new([]time.Duration)
	f, err := fetch.New(dir, fetch.Options{Sleep: func(ctx context.Context, d time.Duration) error {
		*pauses = append(*pauses, d)
		return ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	return f, pauses
}

func mustHave(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) || filepath.Base(path) != digestOf(want) {
		t.Errorf("%s: %d bytes, %v", path, len(got), err)
	}
}

// breakAfter sends the head of an answer and half of what is asked for, then breaks the connection.
func breakAfter(w http.ResponseWriter, r *http.Request) {
	from := 0
	if ask := r.Header.Get("Range"); ask != "" {
		from, _ = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(ask, "bytes="), "-"))
		w.Header().Set("Content-Range", "bytes "+strconv.Itoa(from)+"-")
		w.Header().Set("Content-Length", strconv.Itoa(len(content)-from))
		w.WriteHeader(http.StatusPartialContent)
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	}
	w.Write(content[from : from+(len(content)-from)/2])
	panic(http.ErrAbortHandler)
}

func TestGoesOnAfterABrokenConnection(t *testing.T) {
	for _, digest := range []string{digestOf(content), ""} {
		var asked []string
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.Header.Get("Range")+" "+r.Header.Get("If-Range"))
			w.Header().Set("ETag", `"one"`)
			if len(asked) < 3 {
				breakAfter(w, r)
			}
			http.ServeContent(w, r, "file", time.Time{}, bytes.NewReader(content))
		})
		f, pauses := fetcher(t, t.TempDir())
		path, err := f.Fetch(t.Context(), fetch.Request{URLs: []string{url}, SHA256: digest}, sdk.Report{})
		if err != nil {
			t.Fatal(err)
		}
		mustHave(t, path, content)
		if len(asked) != 3 || asked[0] != " " || !strings.HasPrefix(asked[2], "bytes=") || !strings.HasSuffix(asked[2], ` "one"`) {
			t.Errorf("asked %q", asked)
		}
		if len(*pauses) != 2 || (*pauses)[1] != 2*(*pauses)[0] {
			t.Errorf("paused %v", *pauses)
		}
	}
}

func TestBeginsAnewWhenTheFileHasChanged(t *testing.T) {
	changed := bytes.Repeat([]byte("x"), len(content))
	first := true
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if first {
			first = false
			w.Header().Set("ETag", `"one"`)
			breakAfter(w, r)
		}
		w.Header().Set("ETag", `"two"`)
		http.ServeContent(w, r, "file", time.Time{}, bytes.NewReader(changed))
	})
	f, _ := fetcher(t, t.TempDir())
	path, err := f.Fetch(t.Context(), fetch.Request{URLs: []string{url}}, sdk.Report{})
	if err != nil {
		t.Fatal(err)
	}
	mustHave(t, path, changed)
}

func TestDamagedPartIsBegunAnew(t *testing.T) {
	dir := t.TempDir()
	digest := digestOf(content)
	if err := os.WriteFile(filepath.Join(dir, digest+".part"), []byte("wrong"), 0o644); err != nil {
		t.Fatal(err)
	}
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "file", time.Time{}, bytes.NewReader(content))
	})
	f, _ := fetcher(t, dir)
	path, err := f.Fetch(t.Context(), fetch.Request{URLs: []string{url}, SHA256: digest}, sdk.Report{})
	if err != nil {
		t.Fatal(err)
	}
	mustHave(t, path, content)
}

func TestWrongBytesNeverGetTheName(t *testing.T) {
	digest := digestOf(content)
	flipped := bytes.Clone(content)
	flipped[77] ^= 1
	answers := map[string][]byte{"flipped": flipped, "long": append(bytes.Clone(content), 0), "short": content[:99]}
	for name, answer := range answers {
		dir := t.TempDir()
		url := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Write(answer) })
		f, _ := fetcher(t, dir)
		_, err := f.Fetch(t.Context(), fetch.Request{URLs: []string{url}, SHA256: digest, Size: int64(len(content))}, sdk.Report{})
		if err == nil || !strings.Contains(err.Error(), url) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, digest)); err == nil {
			t.Errorf("%s: the file is there", name)
		}
	}
}

func TestMirrorsAndStatus(t *testing.T) {
	var missing, busy atomic.Int32
	gone := serve(t, func(w http.ResponseWriter, r *http.Request) { missing.Add(1); http.NotFound(w, r) })
	down := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if busy.Add(1) < 3 {
			w.Header().Set("Retry-After", "7")
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		w.Write(content)
	})
	f, pauses := fetcher(t, t.TempDir())
	path, err := f.Fetch(t.Context(), fetch.Request{URLs: []string{gone, down}, SHA256: digestOf(content)}, sdk.Report{})
	if err != nil {
		t.Fatal(err)
	}
	mustHave(t, path, content)
	if missing.Load() != 1 || busy.Load() != 3 || (*pauses)[0] != 7*time.Second {
		t.Errorf("asked %d and %d times, paused %v", missing.Load(), busy.Load(), *pauses)
	}
	_, err = f.Fetch(t.Context(), fetch.Request{URLs: []string{gone}, SHA256: digestOf(nil)}, sdk.Report{})
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Error(err)
	}
}

func TestOneDownloadForAll(t *testing.T) {
	var asked atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); w.Write(content) })
	f, _ := fetcher(t, t.TempDir())
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() {
			path, err := f.Fetch(t.Context(), fetch.Request{URLs: []string{url}, SHA256: digestOf(content)}, sdk.Report{})
			if err != nil {
				t.Error(err)
				return
			}
			mustHave(t, path, content)
		})
	}
	wait.Wait()
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestSilentServerEndsTheAttempt(t *testing.T) {
	silent := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		w.Write([]byte("a"))
		w.(http.Flusher).Flush()
		<-silent
	})
	t.Cleanup(func() { close(silent) })
	f, err := fetch.New(t.TempDir(), fetch.Options{Stall: 20 * time.Millisecond, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Fetch(t.Context(), fetch.Request{URLs: []string{url}}, sdk.Report{})
	if err == nil || !strings.Contains(err.Error(), "no data arrived") {
		t.Error(err)
	}
}

func TestFileAddressAndProgress(t *testing.T) {
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, content, 0o644); err != nil {
		t.Fatal(err)
	}
	var last sdk.Progress
	report := sdk.Report{Progress: func(p sdk.Progress) { last = p }}
	f, _ := fetcher(t, t.TempDir())
	path, err := f.Fetch(t.Context(), fetch.Request{URLs: []string{"file://" + source}, Size: int64(len(content)), SHA256: digestOf(content)}, report)
	if err != nil {
		t.Fatal(err)
	}
	mustHave(t, path, content)
	if last.Done != int64(len(content)) || last.Total != last.Done {
		t.Errorf("progress %+v", last)
	}
}

// TestProgressKnowsTheSizeFromTheServer has a file whose size only its server tells, also when half of it had arrived before, and one
// whose size nobody tells.
func TestProgressKnowsTheSizeFromTheServer(t *testing.T) {
	told := func(h http.HandlerFunc) (last sdk.Progress) {
		f, _ := fetcher(t, t.TempDir())
		report := sdk.Report{Progress: func(p sdk.Progress) {
			if p.Done > 0 { // and not what is said of a pause
				last = p
			}
		}}
		path, err := f.Fetch(t.Context(), fetch.Request{URLs: []string{serve(t, h)}, SHA256: digestOf(content)}, report)
		if err != nil {
			t.Fatal(err)
		}
		mustHave(t, path, content)
		return last
	}
	size := int64(len(content))
	if last := told(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}); last.Done != size || last.Total != size {
		t.Errorf("progress with a size ended with %+v", last)
	}
	var asked atomic.Int64
	if last := told(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			breakAfter(w, r)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}); last.Done != size || last.Total != size || asked.Load() != 2 {
		t.Errorf("progress of two attempts ended with %+v", last)
	}
	if last := told(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		w.Write(content)
	}); last.Done != size || last.Total != 0 {
		t.Errorf("progress without a size ended with %+v", last)
	}
}

func TestDocument(t *testing.T) {
	var asked, unchanged int
	fail := false
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if fail {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		if r.Header.Get("If-None-Match") == `"one"` {
			unchanged++
		}
		w.Header().Set("ETag", `"one"`)
		http.ServeContent(w, r, "file", time.Time{}, strings.NewReader("text"))
	})
	now := time.Unix(1_000_000, 0)
	f, err := fetch.New(t.TempDir(), fetch.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	read := func() fetch.Document {
		t.Helper()
		d, err := f.Document(t.Context(), url, time.Hour, 100)
		if err != nil || string(d.Content) != "text" {
			t.Fatalf("%q, %v", d.Content, err)
		}
		return d
	}
	read()
	read()
	if asked != 1 {
		t.Errorf("asked %d times within the hour", asked)
	}
	now = now.Add(2 * time.Hour)
	if read(); unchanged != 1 {
		t.Error("the ETag was not sent")
	}
	now, fail = now.Add(2*time.Hour), true
	if d := read(); d.Stale == nil {
		t.Error("nobody said that the copy is old")
	}
	if _, err := f.Document(t.Context(), url+"2", time.Hour, 100); err == nil {
		t.Error("no error without a copy")
	}
	fail = false
	if _, err := f.Document(t.Context(), url+"3", time.Hour, 2); err == nil {
		t.Error("no error above the limit")
	}
}

func TestErrorsShowNoPassword(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
	secret := strings.Replace(url, "http://", "http://me:canary@", 1)
	f, _ := fetcher(t, t.TempDir())
	_, err := f.Fetch(t.Context(), fetch.Request{URLs: []string{secret}}, sdk.Report{})
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
	if errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
