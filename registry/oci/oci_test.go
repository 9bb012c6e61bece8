package oci_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/registry/oci"
)

func TestDial(t *testing.T) {
	for _, good := range []string{"oci://registry.example.com", "oci://registry.example.com:5000/team/one", "oci+http://127.0.0.1:5000", "oci+http://localhost:1/x",
		"oci+http://[::1]:1", "file:///srv/packages"} {
		if r, err := oci.Dial(good, oci.Options{}); err != nil || r.String() != good {
			t.Errorf("%s: %v, %v", good, r, err)
		}
	}
	for _, bad := range []string{"", "registry.example.com", "https://registry.example.com", "oci://", "oci+http://registry.example.com", "oci+http://10.0.0.1:5000",
		"file://relative", "file://", "oci://user:password@registry.example.com", "oci://registry.example.com?x=y", "oci://%", "oci+http://127.0.0.1.example.com"} {
		if r, err := oci.Dial(bad, oci.Options{}); err == nil {
			t.Errorf("%q was taken as %s", bad, r)
		}
	}
}

// place is a repository in a directory.
func place(t *testing.T) (oci.Repository, string) {
	t.Helper()
	dir := t.TempDir()
	r, err := oci.Dial("file://"+dir, oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	repository, err := r.Repository("acme/shop")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"../x", "/x", "a/../../x", "."} {
		if _, err := r.Repository(bad); err == nil {
			t.Errorf("there is a repository %q", bad)
		}
	}
	return repository, filepath.Join(dir, "acme/shop")
}

// TestDamagedObjects damages an object on disk in each way; none is read.
func TestDamagedObjects(t *testing.T) {
	r, dir := place(t)
	content := []byte("content of an object")
	d := oci.Describe("text/plain", content)
	if err := r.Push(t.Context(), d, content); err != nil {
		t.Fatal(err)
	}
	if got, err := oci.Read(t.Context(), r, d, 100); err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := oci.Read(t.Context(), r, d, 10); err == nil {
		t.Error("more was read than the limit")
	}
	path := filepath.Join(dir, "blobs/sha256", d.Digest.Encoded())
	flipped := bytes.Clone(content)
	flipped[3] ^= 1
	for what, damaged := range map[string][]byte{"flipped": flipped, "cut": content[:5], "extended": append(bytes.Clone(content), 'x'), "empty": nil} {
		if err := os.WriteFile(path, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := oci.Read(t.Context(), r, d, 100); !errors.Is(err, oci.ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := oci.Read(t.Context(), r, d, 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := oci.Read(t.Context(), r, d, 100); err == nil {
		t.Error("a directory was read")
	}
}

func TestPushedUnderAWrongDigest(t *testing.T) {
	r, dir := place(t)
	d := oci.Describe("text/plain", []byte("one"))
	if err := r.Push(t.Context(), d, []byte("two")); !errors.Is(err, oci.ErrDamaged) {
		t.Errorf("pushed: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "blobs/sha256")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestTagsOfMany has many put tags at the same time: none is lost, and of those who put the same one, one wins.
func TestTagsOfMany(t *testing.T) {
	r, _ := place(t)
	var wait sync.WaitGroup
	won := make([]int, 4)
	var mu sync.Mutex
	for i := range 40 {
		wait.Go(func() {
			content := fmt.Appendf(nil, `{"n":%d}`, i)
			err := r.Tag(t.Context(), oci.Describe(v1.MediaTypeImageManifest, content), content, fmt.Sprintf("1.%d.0", i%4), false)
			switch {
			case err == nil:
				mu.Lock()
				won[i%4]++
				mu.Unlock()
			case !errors.Is(err, oci.ErrTaken):
				t.Error(err)
			}
		})
	}
	wait.Wait()
	tags, err := r.Tags(t.Context())
	if got := fmt.Sprint(len(tags), won); err != nil || got != "4 [1 1 1 1]" {
		t.Errorf("tags and winners: %s, %v; %s", got, err, strings.Join(tags, " "))
	}
}

// TestSilentRegistry asks registries where nothing listens, and where nobody answers: each is told as what it is.
func TestSilentRegistry(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "oci+http://" + l.Addr().String()
	ask := func(want string) {
		t.Helper()
		r, err := oci.Dial(address, oci.Options{Transport: &http.Transport{}, Retries: -1, Patience: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Names(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	ask(address + " does not answer in time; see that it runs and can be reached from here")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ask(address + " cannot be reached; nothing listens there")
}
