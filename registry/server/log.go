package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/nsynapse/recipe/registry/ledger"
	"github.com/nsynapse/recipe/registry/oci"
)

// keyFile is the private key of the logs, in the directory of the packages.
const keyFile = "log.key"

// logbook appends to the logs of the registries behind a handler, of which there is one for each prefix.
type logbook struct {
	inner http.Handler
	key   *ledger.Key
}

func openLogbook(inner http.Handler, directory string) (*logbook, error) {
	key, err := ledger.OpenKey(filepath.Join(directory, keyFile))
	return &logbook{inner, key}, err
}

// record appends that a tag is put on a digest, before it is, and returns what the log has as the first.
func (b *logbook) record(ctx context.Context, prefix, repository, tag string, d digest.Digest) (first digest.Digest, err error) {
	r, err := oci.Dial("oci+http://127.0.0.1/"+prefix, oci.Options{Transport: inside{b.inner}, Retries: -1})
	if err != nil {
		return "", err
	}
	l, err := ledger.Append(ctx, r, ledger.Record{Repository: repository, Tag: tag, Digest: d}, b.key)
	if err != nil {
		return "", fmt.Errorf("cannot write the log: %w", err)
	}
	return l.First(repository, tag), nil
}

// split takes the path of a manifest apart: /v2/[PREFIX/]NAMESPACE/NAME/manifests/….
func split(urlPath string) (prefix, repository string) {
	parts := strings.Split(strings.Trim(urlPath, "/"), "/")
	at := len(parts) - 4
	return strings.Join(parts[1:at], "/"), parts[at] + "/" + parts[at+1]
}

// inside carries requests to a handler of the same process.
type inside struct{ handler http.Handler }

func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	question := r.Clone(r.Context())
	question.RequestURI, question.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:0"
	question.Host = r.URL.Host
	if question.Body == nil {
		question.Body = http.NoBody
	}
	a := &answer{heard: heard{header: http.Header{}}}
	i.handler.ServeHTTP(a, question)
	return a.response(r), nil
}

// answer is heard with its body.
type answer struct {
	heard
	body bytes.Buffer
}

func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *answer) response(to *http.Request) *http.Response {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	size := int64(a.body.Len())
	if said, err := strconv.ParseInt(a.header.Get("Content-Length"), 10, 64); err == nil && to.Method == http.MethodHead {
		size = said
	}
	return &http.Response{Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(&a.body), ContentLength: size, Request: to}
}
