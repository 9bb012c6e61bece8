package origin_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/registry/origin"
)

const someCommit = "0123456789abcdef0123456789abcdef01234567"

func TestAddresses(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	for text, want := range map[string]string{
		"git::https://git.example.com/shop.git//app?ref=v2":                "https://git.example.com/shop.git, moving",
		"git::https://git.example.com/shop.git?ref=" + someCommit:          "https://git.example.com/shop.git, " + someCommit,
		"git::ssh://git@git.example.com/shop.git":                          "ssh://git@git.example.com/shop.git, moving",
		"git::http://127.0.0.1:80/shop":                                    "http://127.0.0.1:80/shop, moving",
		"https://example.com/shop.tar.gz//shop-1.0?checksum=sha256:" + sum: "https://example.com/shop.tar.gz, sha256:" + sum,
		"https://example.com/get?file=shop.zip&checksum=sha256:" + sum:     "https://example.com/get?file=shop.zip, sha256:" + sum,
		"https://example.com/shop.tar.gz":                                  "error: add ?checksum=sha256:",
		"https://example.com/shop.tar.gz?checksum=md5:" + sum:              "error: is not a checksum",
		"https://me:secret@example.com/shop.tar.gz?checksum=sha256:" + sum: "error: has no password",
		"git::https://me:secret@example.com/shop":                          "error: has no password",
		"git::http://git.example.com/shop":                                 "error: anybody on the way",
		"git::git://git.example.com/shop":                                  "error: anybody on the way",
		"git::ext::sh -c id":                                               "error:",
		"git::ext://sh -c id":                                              "error:",
		"git::https://example.com/shop?ref=--upload-pack=id":               "error: is not a tag",
		"git::https://example.com/shop?sshkey=abc":                         "error: nothing else",
		"git::ssh://-oProxyCommand=id/shop":                                "error: has no host",
		"git::git@example.com:shop.git":                                    "error:",
		"git::https://example.com/shop.git//../x":                          "error: is no directory inside",
		"hg::https://example.com/shop":                                     "error: hg:: is not known",
		"s3::https://example.com/shop":                                     "error: s3:: is not known",
		"ftp://example.com/shop.tar?checksum=sha256:" + sum:                "error: not by \"ftp\"",
		"https:///shop.tar?checksum=sha256:" + sum:                         "error: has no host",
	} {
		a, err := origin.Parse(text)
		got := a.Location() + ", " + a.Fixed()
		if err == nil && a.Fixed() == "" {
			got = a.Location() + ", moving"
		}
		if err != nil {
			got = "error: " + err.Error()
		}
		if message, bad := strings.CutPrefix(want, "error: "); err == nil && got != want || err != nil && (!strings.HasPrefix(want, "error:") || bad && !strings.Contains(got, message)) {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
	for text, want := range map[string]bool{"./shop": false, "shop": false, "/srv/shop": false, "../a/b": false, "git::file:///srv/shop": true, "https://x/y": true} {
		if origin.Remote(text) != want {
			t.Errorf("%s is remote: %v", text, !want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"git::https://h/p//s?ref=v1", "https://h/a.tar?checksum=sha256:00", "::", "git::", "://", "git::ssh://-o/x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := origin.Parse(text)
		if err == nil && (strings.HasPrefix(a.Location(), "-") || a.Location() == "") {
			t.Errorf("%q would be asked from %q", text, a.Location())
		}
	})
}

func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%.99v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit puts content into app/file of a repository, which is made when it is not there, and returns the commit.
func commit(t *testing.T, dir, content string) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, ".git")); err != nil {
		run(t, "", "git", "init", "-q", "-b", "main", dir)
	}
	if err := os.MkdirAll(filepath.Join(dir, "app"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "app/file"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "git", "add", "-A")
	run(t, dir, "git", "commit", "-q", "-m", "x")
	return run(t, dir, "git", "rev-parse", "HEAD")
}

// get gets an address and returns the pin and the content of the file in it.
func get(t *testing.T, p origin.Place, text, known string) (pin, content string, err error) {
	t.Helper()
	a, err := origin.Parse(text)
	if err != nil {
		return "", "", err
	}
	if pin, err = a.Pin(t.Context(), known); err != nil {
		return "", "", err
	}
	dir, err := p.Get(t.Context(), a, pin)
	if err != nil {
		return pin, "", err
	}
	b, err := os.ReadFile(filepath.Join(dir, "file"))
	return pin, string(b), err
}

// TestGit gets tags, branches and commits from a repository in a directory and by HTTP.
func TestGit(t *testing.T) {
	repository := t.TempDir()
	first := commit(t, repository, "first")
	run(t, repository, "git", "tag", "-a", "-m", "x", "v1")
	second := commit(t, repository, "second")
	for _, base := range []string{"git::file://" + repository, "git::" + backend(t, repository)} {
		p := origin.Place{Dir: t.TempDir()}
		for ref, want := range map[string]string{"?ref=v1": first + " first", "?ref=main": second + " second", "": second + " second", "?ref=" + first: first + " first"} {
			pin, content, err := get(t, p, base+"//app"+ref, "")
			if err != nil || pin+" "+content != want {
				t.Errorf("%s%s: %s %s, %v", base, ref, pin, content, err)
			}
		}
		if pin, content, err := get(t, p, base+"//app?ref=main", first); err != nil || pin != first || content != "first" {
			t.Errorf("pinned: %s %s, %v", pin, content, err)
		}
		for text, want := range map[string]string{"//app?ref=v2": "no tag or branch v2", "//lib": "has no directory lib", "//app?ref=" + someCommit: "cannot clone"} {
			if _, _, err := get(t, p, base+text, ""); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

// backend serves a repository as git does by HTTP.
func backend(t *testing.T, repository string) string {
	t.Helper()
	handler := &cgi.Handler{Path: filepath.Join(run(t, "", "git", "--exec-path"), "git-http-backend"),
		Env: []string{"GIT_PROJECT_ROOT=" + filepath.Join(repository, ".git"), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"}}
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// TestGotOnce takes the repository away; what was got is still there.
func TestGotOnce(t *testing.T) {
	repository := filepath.Join(t.TempDir(), "r")
	pin := commit(t, repository, "first")
	p := origin.Place{Dir: t.TempDir()}
	address := "git::file://" + repository + "//app?ref=main"
	if _, _, err := get(t, p, address, ""); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(repository); err != nil {
		t.Fatal(err)
	}
	if _, content, err := get(t, p, address, pin); err != nil || content != "first" {
		t.Errorf("%s, %v", content, err)
	}
	if _, _, err := get(t, p, address, ""); err == nil {
		t.Error("a branch was found without its repository")
	}
	if left, err := filepath.Glob(filepath.Join(p.Dir, ".new-*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

// TestHostileRepositories have links that lead out of them, or more than is allowed.
func TestHostileRepositories(t *testing.T) {
	for what, c := range map[string]struct {
		target string
		limit  int64
		want   string
	}{
		"a link out of the repository": {"../../../../../../../../etc/passwd", 0, "cannot be followed inside"},
		"an absolute link":             {"/etc/passwd", 0, "cannot be followed inside"},
		"a link out of the directory":  {"../other", 0, "cannot be followed inside"},
		"a large one":                  {"file", 50_000, "more than 50000 bytes"},
	} {
		repository := t.TempDir()
		commit(t, repository, strings.Repeat(what, 10_000))
		if err := os.WriteFile(filepath.Join(repository, "other"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(c.target, filepath.Join(repository, "app/link")); err != nil {
			t.Fatal(err)
		}
		commit(t, repository, strings.Repeat(what, 10_001))
		p := origin.Place{Dir: t.TempDir(), Limit: c.limit}
		if _, _, err := get(t, p, "git::file://"+repository+"//app", ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// packed is an archive with a file app/file and a link app/link, and its digest.
func packed(t *testing.T, content, target string) ([]byte, string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range []tar.Header{{Name: "app/file", Size: int64(len(content)), Mode: 0o644}, {Name: "app/link", Typeflag: tar.TypeSymlink, Linkname: target}} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			fmt.Fprint(w, content)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), fmt.Sprintf("%x", sha256.Sum256(b.Bytes()))
}

// TestArchives gets archives from a web server: a good one, one that was changed, one with a link out of it, one that is
// too large.
func TestArchives(t *testing.T) {
	good, sum := packed(t, "content", "file")
	bad, badSum := packed(t, "content", "../../../etc/passwd")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			good := bad
			w.Write(good)
			return
		}
		w.Write(good)
	}))
	t.Cleanup(s.Close)
	for text, want := range map[string]string{
		"/good//app?checksum=sha256:" + sum:    "content",
		"/good//lib?checksum=sha256:" + sum:    "has no directory lib",
		"/good//app?checksum=sha256:" + badSum: "digest is wrong",
		"/bad//app?checksum=sha256:" + badSum:  "passwd",
	} {
		_, content, err := get(t, origin.Place{Dir: t.TempDir()}, s.URL+text, "")
		if content != want && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %q, %v", text, content, err)
		}
	}
	if _, _, err := get(t, origin.Place{Dir: t.TempDir(), Limit: 50}, s.URL+"/good//app?checksum=sha256:"+sum, ""); err == nil || !strings.Contains(err.Error(), "more than the 50 bytes") {
		t.Errorf("too large: %v", err)
	}
}

// TestCancelled ends while git is at work.
func TestCancelled(t *testing.T) {
	repository := t.TempDir()
	pin := commit(t, repository, "first")
	a, err := origin.Parse("git::file://" + repository)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := origin.Place{Dir: t.TempDir()}
	if _, err := p.Get(ctx, a, pin); err == nil {
		t.Error("it was got although nobody wants it")
	}
}
