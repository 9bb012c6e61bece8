package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/nsynapse/recipe/registry/server"
)

// guarded serves through a guard: ann may push to acme, bob to nothing. Inner answers 299 and holds one tag.
func guarded(t *testing.T, o server.Options) *httptest.Server {
	t.Helper()
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && strings.HasSuffix(r.URL.Path, "/manifests/1.0.0") {
			w.Header().Set("Docker-Content-Digest", "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881") // of "x"
			return
		}
		if r.Method == http.MethodHead && strings.HasSuffix(r.URL.Path, "/manifests/3.0.0") {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(299)
	})
	h, err := server.Guard(inner, o)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func usersFile(t *testing.T, names ...string) string {
	t.Helper()
	var lines strings.Builder
	for _, name := range names {
		hash, err := bcrypt.GenerateFromPassword([]byte(name+"-password"), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		lines.WriteString(name + ":" + string(hash) + "\n")
	}
	path := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(path, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWhoMay is a table: who, method, path, body, status with everybody reading, status with users reading only.
func TestWhoMay(t *testing.T) {
	const table = `
		-        GET    /v2/                                      -  299 401
		-        GET    /v2/acme/shop/manifests/1.0.0             -  299 401
		ann      GET    /v2/acme/shop/manifests/1.0.0             -  299 299
		bob      GET    /v2/acme/shop/blobs/sha256:00             -  299 299
		bob!     GET    /v2/acme/shop/manifests/1.0.0             -  401 401
		nobody   GET    /v2/acme/shop/manifests/1.0.0             -  401 401

		-        POST   /v2/acme/shop/blobs/uploads/              -  401 401
		ann      POST   /v2/acme/shop/blobs/uploads/              -  299 299
		ann      POST   /v2/acme/shop/blobs/uploads               -  299 299
		ann      PATCH  /v2/acme/shop/blobs/uploads/id            -  299 299
		ann      PUT    /v2/team/acme/shop/blobs/uploads/id       -  299 299
		ann      DELETE /v2/acme/shop/blobs/uploads/id            -  299 299
		bob      POST   /v2/acme/shop/blobs/uploads/              -  403 403
		ann!     POST   /v2/acme/shop/blobs/uploads/              -  401 401
		ann      POST   /v2/other/shop/blobs/uploads/             -  403 403
		ann      POST   /v2/acme/other/shop/blobs/uploads/        -  403 403
		ann      POST   /v2/shop/blobs/uploads/                   -  400 400
		ann      POST   /v2/acme/../other/shop/blobs/uploads/     -  400 400
		ann      POST   /v2/other//acme/shop/blobs/uploads/       -  400 400
		ann      PUT    /v2/other/acme/manifests/shop/manifests/1 -  403 403

		ann      PUT    /v2/acme/shop/manifests/2.0.0             y  299 299
		ann      PUT    /v2/acme/shop/manifests/1.0.0             x  299 299
		ann      PUT    /v2/acme/shop/manifests/1.0.0             y  409 409
		bob      PUT    /v2/acme/shop/manifests/1.0.0             x  403 403
		ann      PUT    /v2/acme/shop/manifests/3.0.0             y  503 503
		ann      PUT    /v2/acme/shop/manifests/_status.1.0.0     y  299 299
		ann      PUT    /v2/acme/shop/manifests/sha256:00         y  299 299
		ann      DELETE /v2/acme/shop/manifests/1.0.0             -  405 405
		ann      DELETE /v2/acme/shop/blobs/sha256:00             -  405 405
		bob      DELETE /v2/acme/shop/manifests/1.0.0             -  403 403
	`
	o := server.Options{Users: usersFile(t, "ann", "bob"), Push: server.Grants{"acme": {"ann"}}}
	open := guarded(t, o)
	o.Private = true
	private := guarded(t, o)
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		for i, s := range []*httptest.Server{open, private} {
			if got := ask(t, s, f[0], f[1], f[2], f[3]); got != f[4+i] {
				t.Errorf("private %v, %s: %s", i == 1, strings.TrimSpace(line), got)
			}
		}
	}
}

// ask returns the status. A who with "!" has a wrong password, "-" is nobody.
func ask(t *testing.T, s *httptest.Server, who, method, path, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if who != "-" {
		name, wrong := strings.CutSuffix(who, "!")
		password := name + "-password"
		if wrong {
			password = "guess"
		}
		r.SetBasicAuth(name, password)
	}
	answer, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer.Status[:3]
}

func TestCheck(t *testing.T) {
	good := server.Options{Listen: "0.0.0.0:5000", Directory: "/d", Certificate: "c", Key: "k", Users: "u"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(o *server.Options){
		"address": func(o *server.Options) { o.Listen = "5000" }, "directory": func(o *server.Options) { o.Directory = "" },
		"key": func(o *server.Options) { o.Key = "" }, "no TLS": func(o *server.Options) { o.Key, o.Certificate = "", "" },
		"no users": func(o *server.Options) { o.Users = "" }, "all addresses": func(o *server.Options) { o.Listen, o.Users = ":5000", "" },
		"rights without users": func(o *server.Options) { o.Listen, o.Users, o.Push = "127.0.0.1:1", "", server.Grants{"a": {"b"}} },
	} {
		o := good
		change(&o)
		if err := o.Check(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestRightsOfNobody(t *testing.T) {
	if _, err := server.Guard(http.NotFoundHandler(), server.Options{Users: usersFile(t, "ann"), Push: server.Grants{"acme": {"carl"}}}); err == nil {
		t.Error("a right for a user who is not there was taken")
	}
}
