package registry_test

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/planner/semver"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/server"
	"github.com/nsynapse/recipe/registry/server/objects"
	"github.com/nsynapse/recipe/registry/store"
	"github.com/nsynapse/recipe/registry/trust"
)

// platforms are what the published version is for; each has files of its own, of so many bytes that do not compress.
var platforms = []string{"linux/amd64", "linux/arm64"}

const platformBytes = 64 << 20

// turns is how often a transfer is measured in one turn of a benchmark; the figures are medians.
const turns = 3

// BenchmarkTransfer publishes and pulls a version in a directory and in a registry that is asked over the network of this
// machine, each beside its floor, in turn: the same bytes read, hashed, sent if they are, and written with an fsync.
func BenchmarkTransfer(b *testing.B) {
	dirs := map[string]string{}
	for _, p := range platforms {
		dirs[p] = platformDir(b, p)
	}
	b.Run("directory", func(b *testing.B) {
		transfer(b, dirs, func() string { return "file://" + b.TempDir() }, copyFile)
	})
	b.Run("server", func(b *testing.B) {
		inner, err := objects.New(b.Context(), b.TempDir())
		ok(b, err)
		guarded, err := server.Guard(inner, server.Options{})
		ok(b, err)
		s := httptest.NewServer(guarded)
		b.Cleanup(s.Close)
		floor := httptest.NewServer(http.HandlerFunc(plainServer))
		b.Cleanup(floor.Close)
		n := 0
		transfer(b, dirs, func() string { n++; return fmt.Sprintf("oci+%s/team%d", s.URL, n) }, func(b *testing.B, from, to string) { overHTTP(b, floor.URL, from, to) })
	})
}

func ok(b *testing.B, err error) {
	if err != nil {
		b.Helper()
		b.Fatal(err)
	}
}

// platformDir is the directory of the package for one platform.
func platformDir(b *testing.B, platform string) string {
	dir := b.TempDir()
	ok(b, os.WriteFile(filepath.Join(dir, "recipe.hcl"), []byte("package {\n  name = \"acme/large\"\n  version = \"1.0.0\"\n}\nprocess \"web\" { command = [\"true\"] }\n"), 0o644))
	for n := range 8 {
		content := make([]byte, platformBytes/8)
		_, err := rand.Read(content)
		ok(b, err)
		ok(b, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d", filepath.Base(platform), n)), content, 0o755))
	}
	return dir
}

// sent counts the bytes of request bodies.
type sent struct {
	mu       sync.Mutex
	bytes    int64
	requests int
}

func (s *sent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.requests++
	s.bytes += max(r.ContentLength, 0)
	s.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// transfer measures publishing, publishing the same files as another version, and pulling one platform.
func transfer(b *testing.B, dirs map[string]string, address func() string, floor func(b *testing.B, from, to string)) {
	signer, err := trust.Keys(b.TempDir()).New("acme")
	ok(b, err)
	ring := trust.Open(filepath.Join(b.TempDir(), "trust.json"))
	ok(b, ring.Add(b.Context(), "acme", signer.Fingerprint()))
	m, diags := registry.Describe(os.DirFS(dirs[platforms[0]]))
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	files, err := registry.PackAll(b.Context(), m, dirs, b.TempDir())
	ok(b, err)
	results := map[string]*figures{"publish": {}, "publish again": {}, "pull": {}}
	for b.Loop() {
		for range turns {
			var way sent
			r, err := oci.Dial(address(), oci.Options{Transport: &way, Retries: -1})
			ok(b, err)
			client := registry.New(r, registry.Reader{Ring: ring})
			publish := func(version string) func() {
				return func() {
					m.Version = semver.MustParse(version)
					_, err := client.Publish(b.Context(), m, files, signer, nil)
					ok(b, err)
				}
			}
			to := b.TempDir()
			send := func() {
				inParallel(b, len(platforms), func(n int) { floor(b, files[platforms[n]], filepath.Join(to, fmt.Sprint(n))) })
			}
			results["publish"].add(publish("1.0.0"), send, &way)
			results["publish again"].add(publish("1.0.1"), send, &way)
			s, err := store.Open(b.TempDir())
			ok(b, err)
			results["pull"].add(func() {
				release, err := client.Release(b.Context(), "acme/large", "1.0.0")
				ok(b, err)
				_, err = release.Fetch(b.Context(), platforms[0], s)
				ok(b, err)
			}, func() { floor(b, files[platforms[0]], filepath.Join(to, "pulled")) }, &way)
		}
	}
	for name, f := range results {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(0, "ns/op") // measured above
			}
			f.report(b)
		})
	}
}

// figures are those of one piece of work and of its floor, in turn.
type figures struct {
	walls, cpus, floors, floorCPUs []time.Duration
	bytes                          int64
	requests                       int
}

func (f *figures) add(work, floor func(), way *sent) {
	way.bytes, way.requests = 0, 0
	wall, cpu := clocked(work)
	f.bytes, f.requests = way.bytes, way.requests
	floorWall, floorCPU := clocked(floor)
	f.walls, f.cpus = append(f.walls, wall), append(f.cpus, cpu)
	f.floors, f.floorCPUs = append(f.floors, floorWall), append(f.floorCPUs, floorCPU)
}

func (f *figures) report(b *testing.B) {
	for _, list := range [][]time.Duration{f.walls, f.cpus, f.floors, f.floorCPUs} {
		slices.Sort(list)
	}
	middle := len(f.walls) / 2
	b.ReportMetric(float64(f.walls[middle].Milliseconds()), "ms")
	b.ReportMetric(float64(f.cpus[middle].Milliseconds()), "cpu-ms")
	b.ReportMetric(float64(f.walls[middle])/float64(f.floors[middle]), "x-floor")
	b.ReportMetric(float64(f.cpus[middle])/float64(f.floorCPUs[middle]), "x-floor-cpu")
	if f.requests > 0 {
		b.ReportMetric(float64(f.bytes)/(1<<20), "MiB-sent")
		b.ReportMetric(float64(f.requests), "requests")
	}
}

func inParallel(b *testing.B, n int, work func(n int)) {
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { work(i) })
	}
	wait.Wait()
}

// copyFile is the floor of what goes from disk to disk.
func copyFile(b *testing.B, from, to string) {
	in, err := os.Open(from)
	ok(b, err)
	defer in.Close()
	ok(b, keep(in, to))
}

// keep writes what it reads, hashed and durable.
func keep(in io.Reader, to string) error {
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.MultiWriter(out, sha256.New()), in)
	return errors.Join(err, out.Sync(), out.Close())
}

// overHTTP is the floor of what goes over the network: one request, and the other side keeps it.
func overHTTP(b *testing.B, url, from, to string) {
	in, err := os.Open(from)
	ok(b, err)
	defer in.Close()
	response, err := http.Post(url+to, "application/octet-stream", in)
	ok(b, err)
	ok(b, response.Body.Close())
	if response.StatusCode != http.StatusOK {
		b.Fatal(response.Status)
	}
}

func plainServer(w http.ResponseWriter, r *http.Request) {
	if err := keep(r.Body, r.URL.Path); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func clocked(work func()) (wall, cpu time.Duration) {
	before, began := cpuTime(), time.Now()
	work()
	return time.Since(began), cpuTime() - before
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
