package registry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/store"
)

// tamperer is a way to a registry on which one object is changed. It changes nothing while kind is "".
type tamperer struct {
	kind   string
	object string            // the name of the one that is changed
	names  map[string]string // names of objects of acme/shop 2.0.0, by the end of their paths
	others map[string][]byte // what stands for an object in a swap, by kind and name
	random *rand.Rand
	hits   int
}

func (m *tamperer) RoundTrip(r *http.Request) (*http.Response, error) {
	name := m.names[path.Base(r.URL.Path)]
	if m.kind == "" || name != m.object {
		return http.DefaultTransport.RoundTrip(r)
	}
	m.hits++
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch {
	case m.kind == "missing":
		return m.status(answer, http.StatusNotFound)
	case m.kind == "5xx":
		return m.status(answer, http.StatusInternalServerError+m.random.IntN(4))
	case m.kind == "slow" && r.Method == http.MethodHead:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case r.Method == http.MethodHead:
		return m.head(answer), nil
	}
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, errors.Join(err, answer.Body.Close())
	}
	m.body(r.Context(), answer, content)
	return answer, nil
}

func (m *tamperer) status(answer *http.Response, code int) (*http.Response, error) {
	err := answer.Body.Close()
	answer.StatusCode, answer.Status = code, strconv.Itoa(code)
	answer.Body, answer.ContentLength = http.NoBody, 0
	return answer, err
}

// head changes what a tag stands for.
func (m *tamperer) head(answer *http.Response) *http.Response {
	const field = "Docker-Content-Digest"
	digest := answer.Header.Get(field)
	switch m.kind {
	case "flip":
		b := []byte(digest)
		b[len("sha256:")+m.random.IntN(64)] ^= 1
		answer.Header.Set(field, string(b))
	case "truncate":
		answer.ContentLength -= 1 + m.random.Int64N(answer.ContentLength)
	case "extend":
		answer.ContentLength += 1 + m.random.Int64N(1<<20)
	case "endless":
		answer.ContentLength = 1 << 50
	case "swap", "old":
		other := oci.Describe("", m.others[m.kind+" index"])
		answer.Header.Set(field, other.Digest.String())
		answer.ContentLength = other.Size
	}
	answer.Header.Set("Content-Length", strconv.FormatInt(answer.ContentLength, 10))
	return answer
}

// body changes the content of an object. Half of the time the length that is told fits the change, and half of the time
// none is told.
func (m *tamperer) body(ctx context.Context, answer *http.Response, content []byte) {
	var endless io.Reader
	switch m.kind {
	case "flip":
		content = bytes.Clone(content)
		content[m.random.IntN(len(content))] ^= 1 << m.random.IntN(8)
	case "truncate":
		content = content[:m.random.IntN(len(content))]
	case "extend":
		content = append(bytes.Clone(content), make([]byte, 1+m.random.IntN(2000))...)
	case "swap", "old":
		content = m.others[m.kind+" "+m.object]
	case "slow":
		endless = silence{ctx}
		content = content[:m.random.IntN(len(content))]
	case "endless":
		endless = noise{}
	}
	answer.ContentLength = int64(len(content))
	switch {
	case endless != nil && m.random.IntN(2) == 0:
		answer.ContentLength = 1 << 50
	case endless != nil || m.random.IntN(2) == 0:
		answer.ContentLength = -1
	}
	answer.Header.Del("Content-Length")
	answer.Body = io.NopCloser(bytes.NewReader(content))
	if endless != nil {
		answer.Body = io.NopCloser(io.MultiReader(bytes.NewReader(content), endless))
	}
}

// silence is a connection on which nothing more comes.
type silence struct{ ctx context.Context }

func (s silence) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

// noise is content without an end.
type noise struct{}

func (noise) Read(b []byte) (int, error) { return len(b), nil }

// objectsOf returns the objects of a version by their names, and the names by the ends of their paths.
func (w *world) objectsOf(name, version string) (contents map[string][]byte, ends map[string]string) {
	w.Helper()
	repository := must(w.T, w.registry.Repository)(name)
	contents, ends = map[string][]byte{}, map[string]string{}
	read := func(name string, d v1.Descriptor, into any) {
		content, err := oci.Read(w.Context(), repository, d, 1<<30)
		w.ok(err)
		contents[name], ends[d.Digest.String()] = content, name
		if into != nil {
			w.ok(json.Unmarshal(content, into))
		}
	}
	d, err := repository.Resolve(w.Context(), version)
	w.ok(err)
	ends[version] = "tag"
	var index v1.Index
	var manifest v1.Manifest
	read("index", d, &index)
	read("manifest", index.Manifests[0], &manifest)
	read("config", manifest.Config, nil)
	read("archive", manifest.Layers[0], nil)
	read("keys", manifest.Layers[1], nil)
	return contents, ends
}

// TestT15 has a registry, or somebody on the way to it, change each object of a version in each way. Nothing of it is
// taken, and nothing of it gets into the store.
func TestT15(t *testing.T) {
	m := &tamperer{random: torture.Random(t), others: map[string][]byte{}}
	address := serve(t)
	w := newWorld(t, address, oci.Options{})
	w.ok(w.publish("acme/shop", "1.0.0", "old"))
	w.ok(w.publish("acme/other", "2.0.0", "other"))
	w.signer = must(t, w.keys.Rotate)("acme") // so that the keys of the old version differ too
	w.ok(w.publish("acme/shop", "2.0.0", "good"))
	old, _ := w.objectsOf("acme/shop", "1.0.0")
	other, _ := w.objectsOf("acme/other", "2.0.0")
	for name := range old {
		m.others["old "+name], m.others["swap "+name] = old[name], other[name]
	}
	_, m.names = w.objectsOf("acme/shop", "2.0.0")

	w.reach(address, oci.Options{Transport: m, Retries: -1, Patience: time.Second}) // a busy machine is sometimes later than that
	tried := 0
	for _, object := range slices.Sorted(maps.Values(m.names)) {
		for _, kind := range []string{"flip", "truncate", "extend", "swap", "old", "missing", "5xx", "slow", "endless"} {
			for range rounds(kind) {
				tried++
				m.object, m.kind, m.hits = object, kind, 0
				w.refused(m, object+" "+kind)
			}
		}
	}
	w.reach(address, oci.Options{})
	if content, err := w.pull("acme/shop", "2.0.0"); content != "good" || err != nil {
		t.Errorf("without tampering: %q, %v", content, err)
	}
	torture.Report(t, "T15", "%d tamperings with 6 objects in 9 ways: 0 accepted", tried)
}

// rounds is how often a kind is tried: it depends on chance, or not.
func rounds(kind string) int {
	switch kind {
	case "flip", "truncate":
		return torture.Pick(8, 400)
	case "extend", "endless":
		return torture.Pick(3, 20)
	}
	return torture.Pick(1, 4)
}

// refused pulls and demands that an error is told and the store stays empty.
func (w *world) refused(m *tamperer, what string) {
	w.Helper()
	s := must(w.T, store.Open)(w.TempDir())
	var began time.Time
	var err error
	for try := 0; try < 10 && m.hits == 0; try++ { // on a busy machine another object may be late, which says nothing of this one
		began = time.Now()
		var release *registry.Release
		if release, err = w.client.Release(w.Context(), "acme/shop", "2.0.0"); err == nil {
			_, err = release.Fetch(w.Context(), registry.Platform(), s)
		}
	}
	keys, listing := s.Keys()
	w.ok(listing)
	switch {
	case m.hits == 0:
		w.Errorf("%s: the object was not asked for", what)
	case err == nil || len(keys) > 0:
		w.Errorf("%s: accepted, %v in the store, %v", what, keys, err)
	case time.Since(began) > torture.Pick(time.Minute, 10*time.Second):
		w.Errorf("%s: refused after %v", what, time.Since(began))
	}
}

// TestInterruptedPublish breaks the connection at every request of a publish, or in an ordinary run at some of them, from any of
// the first. Nothing of the version shows, and the next publish succeeds.
func TestInterruptedPublish(t *testing.T) {
	cut := &cutter{}
	w := newWorld(t, serve(t), oci.Options{Transport: cut, Retries: -1})
	steps, stride := 0, torture.PickRaced(10, 4, 1)
	for after := torture.Random(t).IntN(stride); ; after += stride {
		version := fmt.Sprintf("1.%d.0", after)
		cut.left.Store(int64(after) + 1)
		err := w.publish("acme/shop", version, "content of "+version)
		done := cut.left.Load() > 0
		cut.left.Store(1 << 30)
		versions, listing := w.client.Versions(w.Context(), "acme/shop")
		w.ok(listing)
		switch content, pulled := w.pull("acme/shop", version); {
		case strings.Contains(fmt.Sprint(versions), version) && (pulled != nil || content != "content of "+version):
			t.Errorf("cut at request %d: shown, and it has %q, %v", after, content, pulled)
		case err == nil && pulled != nil:
			t.Errorf("cut at request %d: the publisher was told it is there: %v", after, pulled)
		}
		w.ok(w.publish("acme/shop", version, "content of "+version))
		if content, err := w.pull("acme/shop", version); err != nil || content != "content of "+version {
			t.Errorf("cut at request %d, published again: %q, %v", after, content, err)
		}
		if done {
			break
		}
		steps++
	}
	if steps*stride < 8 {
		t.Errorf("only %d requests were cut", steps)
	}
	torture.Report(t, "T15", "a publish cut at %d of its requests: never shown before it was whole", steps)
}

// cutter lets some requests through and then none. The first that it cuts reaches the registry all the same when it
// changes something; only its answer is lost. A publish sends several at a time.
type cutter struct{ left atomic.Int64 }

func (c *cutter) RoundTrip(r *http.Request) (*http.Response, error) {
	left := c.left.Add(-1)
	if left > 0 {
		return http.DefaultTransport.RoundTrip(r)
	}
	if left == 0 && r.Method == http.MethodPut {
		if answer, err := http.DefaultTransport.RoundTrip(r); err == nil {
			answer.Body.Close()
		}
	}
	return nil, errors.New("the connection was cut")
}
