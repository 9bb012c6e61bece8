package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/opencontainers/go-digest"
	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/registry/ledger"
	"github.com/nsynapse/recipe/registry/oci"
)

func directory(t *testing.T) (oci.Registry, string) {
	t.Helper()
	dir := t.TempDir()
	r, err := oci.Dial("file://"+dir, oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r, dir
}

func key(t *testing.T) *ledger.Key {
	t.Helper()
	k, err := ledger.OpenKey(filepath.Join(t.TempDir(), "log.key"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func record(n int) ledger.Record {
	return ledger.Record{Repository: "acme/shop", Tag: fmt.Sprintf("1.%d.0", n), Digest: digest.FromString(fmt.Sprint(n))}
}

// fill appends the records with numbers from..to-1.
func fill(t *testing.T, r oci.Registry, k ledger.Signer, from, to int) *ledger.Log {
	t.Helper()
	var l *ledger.Log
	for n := from; n < to; n++ {
		var err error
		if l, err = ledger.Append(t.Context(), r, record(n), k); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// TestAppendOfMany has many append at the same time: nothing is lost, nothing is there twice, and each sees a log that
// goes on from the one before.
func TestAppendOfMany(t *testing.T) {
	r, _ := directory(t)
	k := key(t)
	const many, each = 5, 8
	var wait sync.WaitGroup
	for i := range many {
		wait.Go(func() {
			var last ledger.Head
			for j := range each {
				l, err := ledger.Append(t.Context(), r, record(i*each+j), k)
				if err == nil {
					err = l.Extends(last)
				}
				if err != nil {
					t.Error(err)
					return
				}
				last = l.Head
			}
		})
	}
	wait.Wait()
	l, err := ledger.Load(t.Context(), r, 0)
	if err != nil || l.Head.Size != many*each {
		t.Fatalf("%v, %v", l, err)
	}
	for n := range many * each {
		if l.First("acme/shop", record(n).Tag) != record(n).Digest {
			t.Errorf("record %d is lost", n)
		}
	}
}

// TestTiles appends over the edge of a tile.
func TestTiles(t *testing.T) {
	if torture.RaceDetector {
		t.Skip("appends one record after the other, in which the race detector finds nothing and takes minutes")
	}
	r, _ := directory(t)
	k := key(t)
	before := fill(t, r, k, 0, 254)
	after := fill(t, r, k, 254, 259)
	l, err := ledger.Load(t.Context(), r, 0)
	if err != nil || l.Head != after.Head || l.Extends(before.Head) != nil {
		t.Errorf("%v and not %v, %v", l.Head, after.Head, err)
	}
	if again := fill(t, r, k, 258, 259); again.Head != after.Head {
		t.Error("the same record was appended twice")
	}
}

// TestForks compares logs that do not go on from each other.
func TestForks(t *testing.T) {
	a, _ := directory(t)
	b, _ := directory(t)
	k := key(t)
	short := fill(t, a, k, 0, 3)
	long := fill(t, a, k, 3, 5)
	other := fill(t, b, k, 1, 7)
	for what, c := range map[string]struct {
		log  *ledger.Log
		old  ledger.Head
		want string
	}{
		"itself":  {long, long.Head, ""},
		"older":   {long, short.Head, ""},
		"nothing": {long, ledger.Head{}, ""},
		"newer":   {short, long.Head, "older one: it has 3 records, and there were 5"},
		"another": {other, long.Head, "was rewritten, or is another one: its first 5 records"},
	} {
		err := c.log.Extends(c.old)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestDamagedLog puts a tile of another log under the head, and a head under the key of somebody else.
func TestDamagedLog(t *testing.T) {
	k := key(t)
	for what, old := range map[string]string{
		"the tile": "acme/shop 1.1.0 ",
		"the head": "go.sum database tree\n2\n",
		"the key":  "recipe/log+",
	} {
		r, dir := directory(t)
		fill(t, r, k, 0, 2)
		exchange(t, filepath.Join(dir, "recipe/log/blobs/sha256"), old)
		if l, err := ledger.Load(t.Context(), r, 0); err == nil {
			t.Errorf("%s was exchanged, and the log is taken: %v", what, l.Head)
		}
	}
}

// exchange damages the objects that have the text.
func exchange(t *testing.T, dir, text string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), text) {
			done++
			if err := os.WriteFile(path, []byte(strings.Replace(string(content), text, strings.ToUpper(text), 1)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if done == 0 {
		t.Fatalf("nothing has %q", text)
	}
}

func TestKeptByServer(t *testing.T) {
	r, _ := directory(t)
	fill(t, r, key(t), 0, 1)
	if _, err := ledger.Append(t.Context(), r, record(1), key(t)); !errors.Is(err, ledger.ErrKept) {
		t.Errorf("somebody else appended: %v", err)
	}
	for _, bad := range []ledger.Record{{}, {Repository: "a b", Tag: "1", Digest: record(1).Digest}, {Repository: "a", Tag: "1\n", Digest: record(1).Digest}, {Repository: "a", Tag: "1", Digest: "x"}} {
		if _, err := ledger.Append(t.Context(), r, bad, key(t)); err == nil {
			t.Errorf("%q was appended", bad)
		}
	}
}

func TestKeyStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.key")
	first, err := ledger.OpenKey(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := ledger.OpenKey(path)
	if err != nil || first.String() != second.String() {
		t.Errorf("%v and %v, %v", first, second, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
}

func TestHeadPrintsAndParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := ledger.Head{Size: rapid.Int64Range(0, 1<<50).Draw(t, "size")}
		copy(h.Root[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "root"))
		if got, err := ledger.ParseHead(h.String()); err != nil || got != h {
			t.Errorf("%v is read as %v, %v", h, got, err)
		}
	})
	for _, bad := range []string{"", "12", "12:", ":x", "-1:" + ledger.Head{}.Root.String(), "x:y"} {
		if h, err := ledger.ParseHead(bad); err == nil {
			t.Errorf("%q was read as %v", bad, h)
		}
	}
}
