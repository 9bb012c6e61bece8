package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/opencontainers/go-digest"

	"github.com/nsynapse/recipe/registry/ledger"
)

// maxManifest bounds a manifest that is pushed, in bytes.
const maxManifest = 4 << 20

// guard lets through what its rules allow.
type guard struct {
	inner   http.Handler
	users   *users // nil: nobody has to say who he is
	private bool
	push    Grants
	logs    *logbook // nil: publishers keep the log

	tagging sync.Mutex // held while a tag is looked at and put
}

// Guard returns a handler that asks inner only for what the options allow. With a directory it keeps the log of what is
// published, see registry/ledger, and its key lies there.
func Guard(inner http.Handler, o Options) (http.Handler, error) {
	g := &guard{inner: inner, private: o.Private, push: o.Push}
	if o.Directory != "" {
		logs, err := openLogbook(inner, o.Directory)
		if err != nil {
			return nil, err
		}
		g.logs = logs
	}
	if o.Users == "" {
		return g, nil
	}
	known, err := readUsers(o.Users)
	if err != nil {
		return nil, err
	}
	g.users = known
	for namespace, names := range o.Push {
		for _, name := range names {
			if known.hashes[name] == nil {
				return nil, fmt.Errorf("-push=%s=%s: %s has no user of that name", namespace, name, o.Users)
			}
		}
	}
	return g, nil
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path.Clean(r.URL.Path) != strings.TrimSuffix(r.URL.Path, "/") && r.URL.Path != "/" {
		refuse(w, http.StatusBadRequest, "NAME_INVALID", "the path has dots or empty parts")
		return
	}
	user, ok := g.whoAsks(r)
	if !ok {
		g.challenge(w)
		return
	}
	watched := &watched{ResponseWriter: w}
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		g.change(watched, r, user)
	case g.private && user == "":
		g.challenge(w)
	default:
		g.inner.ServeHTTP(watched, r)
	}
	if watched.status >= http.StatusInternalServerError {
		log.Printf("%s %s failed: %d", r.Method, r.URL.Path, watched.status)
	}
}

// watched remembers the status of an answer.
type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController through.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// whoAsks returns the user, "" for somebody who does not say; ok is false when the password is wrong.
func (g *guard) whoAsks(r *http.Request) (user string, ok bool) {
	name, password, said := r.BasicAuth()
	if g.users == nil || !said {
		return "", g.users == nil || r.Header.Get("Authorization") == ""
	}
	return name, g.users.check(name, password)
}

func (g *guard) challenge(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Basic realm="recipe"`)
	refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "log in first")
}

// change lets through what adds to a namespace that the user may push to. Nothing is ever taken away.
func (g *guard) change(w http.ResponseWriter, r *http.Request, user string) {
	namespace, kind, reference := target(r.URL.Path)
	switch {
	case namespace == "":
		refuse(w, http.StatusBadRequest, "NAME_INVALID", "packages are pushed as NAMESPACE/NAME")
	case g.users != nil && user == "":
		g.challenge(w)
	case g.users != nil && !slices.Contains(g.push[namespace], user):
		refuse(w, http.StatusForbidden, "DENIED", fmt.Sprintf("%s may not push to %s", user, namespace))
	case g.logs != nil && ofLog(r.URL.Path):
		refuse(w, http.StatusForbidden, "DENIED", "the registry keeps its log itself")
	case r.Method == http.MethodDelete && kind != "uploads":
		refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "what was published stays; yank it instead")
	case r.Method == http.MethodPut && kind == "manifests" && (fixed(reference) || g.logs != nil && named(reference)):
		g.tag(w, r, reference)
	default:
		g.inner.ServeHTTP(w, r)
	}
}

// target takes a path apart: /v2/[PREFIX/]NAMESPACE/NAME/manifests/REFERENCE, /v2/…/blobs/uploads/[ID] or
// /v2/…/blobs/DIGEST. The namespace is "" if it is none of these.
func target(urlPath string) (namespace, kind, reference string) {
	parts := strings.Split(strings.Trim(urlPath, "/"), "/")
	at := len(parts) - 2
	switch {
	case len(parts) > 3 && parts[len(parts)-2] == "blobs" && parts[len(parts)-1] == "uploads":
		kind = "uploads"
	case len(parts) > 4 && parts[len(parts)-3] == "blobs" && parts[len(parts)-2] == "uploads":
		kind, at = "uploads", at-1
	case len(parts) > 3 && (parts[len(parts)-2] == "manifests" || parts[len(parts)-2] == "blobs"):
		kind, reference = parts[len(parts)-2], parts[len(parts)-1]
	}
	if kind == "" || parts[0] != "v2" || at < 3 {
		return "", "", ""
	}
	return parts[at-2], kind, reference
}

// fixed reports whether a reference is a tag that never changes: all but those of recipe itself, which begin with an
// underscore, and those that list referrers.
func fixed(reference string) bool { return !strings.HasPrefix(reference, "_") && named(reference) }

// named reports whether a reference is a tag that somebody chose: no digest, and none that lists referrers.
func named(reference string) bool {
	return !strings.HasPrefix(reference, "sha256-") && !strings.Contains(reference, ":")
}

// ofLog reports whether a path is about the log of a registry.
func ofLog(urlPath string) bool {
	return strings.Contains(urlPath, "/"+ledger.Repository+"/manifests/") || strings.Contains(urlPath, "/"+ledger.Repository+"/blobs/")
}

// tag puts a tag into the log and then on a manifest: one that is fixed where none is, or the same again.
func (g *guard) tag(w http.ResponseWriter, r *http.Request, reference string) {
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxManifest))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		refuse(w, http.StatusRequestEntityTooLarge, "SIZE_INVALID", fmt.Sprintf("a manifest has at most %d bytes", maxManifest))
		return
	}
	if err != nil {
		return // the client is gone
	}
	g.tagging.Lock()
	defer g.tagging.Unlock()
	if !g.free(w, r, reference, digest.FromBytes(content)) {
		return
	}
	again := r.Clone(r.Context())
	again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
	g.inner.ServeHTTP(w, again)
}

// free reports whether a tag may be put on a digest, and answers if not. It is in the log then.
func (g *guard) free(w http.ResponseWriter, r *http.Request, reference string, d digest.Digest) bool {
	if fixed(reference) {
		old, ok := g.current(r)
		if !ok {
			refuse(w, http.StatusServiceUnavailable, "UNKNOWN", "cannot look whether this version is published")
			return false
		}
		if old != "" && old != d.String() {
			refuse(w, http.StatusConflict, "DENIED", "this version is published, and published versions never change")
			return false
		}
	}
	if g.logs == nil {
		return true
	}
	prefix, repository := split(r.URL.Path)
	first, err := g.logs.record(r.Context(), prefix, repository, reference, d)
	switch {
	case err != nil:
		log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
		refuse(w, http.StatusServiceUnavailable, "UNKNOWN", "the log of the registry cannot be written")
	case fixed(reference) && first != d:
		refuse(w, http.StatusConflict, "DENIED", "the log has this version with other content, which was not published to its end; raise the version")
	default:
		return true
	}
	return false
}

// current is the digest that the tag of a request stands for, "" if it stands for none; ok is false if nobody knows.
func (g *guard) current(r *http.Request) (old string, ok bool) {
	question := r.Clone(r.Context())
	question.Method, question.Body, question.ContentLength = http.MethodHead, http.NoBody, 0
	question.Header.Set("Accept", "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json")
	answer := &heard{header: http.Header{}}
	g.inner.ServeHTTP(answer, question)
	if answer.status == http.StatusNotFound {
		return "", true
	}
	old = answer.header.Get("Docker-Content-Digest")
	return old, old != "" && (answer.status == 0 || answer.status == http.StatusOK)
}

// heard is the answer to a question of our own.
type heard struct {
	header http.Header
	status int // 0 for http.StatusOK
}

func (h *heard) Header() http.Header { return h.header }

func (h *heard) Write(b []byte) (int, error) { return len(b), nil }

func (h *heard) WriteHeader(status int) { h.status = status }

// refuse answers in the form of the OCI distribution specification.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []map[string]string{{"code": code, "message": message}}}) // the client may be gone
}
