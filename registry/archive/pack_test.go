package archive_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/registry/archive"
)

func pack(t rapid.TB, dir string) ([]byte, archive.Content) {
	t.Helper()
	var b bytes.Buffer
	c, err := archive.Pack(context.Background(), dir, &b)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), c
}

// thing is a file, a directory (its name ends with a slash) or a link (its content begins with "->").
type thing struct {
	name, content string
	executable    bool
}

// lay makes the things in their order.
func lay(t rapid.TB, dir string, things []thing, open os.FileMode) {
	t.Helper()
	for _, it := range things {
		path := filepath.Join(dir, it.name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700|open))
		target, isLink := strings.CutPrefix(it.content, "->")
		mode := 0o600 | open
		if it.executable {
			mode |= 0o100
		}
		switch {
		case strings.HasSuffix(it.name, "/"):
			must(t, os.MkdirAll(path, 0o700|open))
		case isLink:
			must(t, os.Symlink(target, path))
		default:
			must(t, os.WriteFile(path, []byte(it.content), mode))
			must(t, os.Chtimes(path, time.Time{}, time.Unix(int64(len(it.name))*1e6+int64(open), 0)))
		}
	}
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestSameTreeSameBytes lays each tree twice, in another order, with other modes and times, and unpacks it in between.
func TestSameTreeSameBytes(t *testing.T) {
	name := rapid.StringMatching(`[a-c]{1,3}(/[a-zé]{1,60}){0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		top := temp(t)
		things := drawTree(t, name)
		one, two, three := filepath.Join(top, "1"), filepath.Join(top, "2"), filepath.Join(top, "3")
		for _, dir := range []string{one, two, three} {
			must(t, os.Mkdir(dir, 0o700))
		}
		lay(t, one, things, 0o044)
		slices.Reverse(things)
		lay(t, two, things, 0)
		first, c := pack(t, one)
		second, _ := pack(t, two)
		if !bytes.Equal(first, second) {
			t.Fatal("the same files gave other bytes")
		}
		must(t, archive.Unpack(t.Context(), bytes.NewReader(first), three, c))
		third, again := pack(t, three)
		if !bytes.Equal(first, third) || again != c {
			t.Fatalf("what was unpacked gave other bytes: %+v, %+v", c, again)
		}
	})
}

func temp(t *rapid.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "archive")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// drawTree draws things of which none lies below another that is no directory.
func drawTree(t *rapid.T, name *rapid.Generator[string]) []thing {
	var things []thing
	taken := map[string]bool{}
	for _, n := range rapid.SliceOfDistinct(name, rapid.ID[string]).Draw(t, "names") {
		above := false
		for other := range taken {
			above = above || strings.HasPrefix(other+"/", n+"/") || strings.HasPrefix(n+"/", other+"/")
		}
		if above {
			continue
		}
		taken[n] = true
		it := thing{name: n, content: rapid.StringN(0, 300, -1).Draw(t, "content"), executable: rapid.Bool().Draw(t, "executable")}
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			it.name += "/"
		case 1:
			it.content = "->" + filepath.Base(n) + ".target"
		}
		things = append(things, it)
	}
	return things
}

func TestAnyDifferenceShows(t *testing.T) {
	base := []thing{{"a", "1", false}, {"d/", "", false}, {"l", "->a", false}}
	packed := func(things ...thing) (string, string) {
		dir := t.TempDir()
		lay(t, dir, things, 0)
		b, c := pack(t, dir)
		return string(b), c.Tree
	}
	bytes, tree := packed(base...)
	for _, other := range [][]thing{
		{{"a", "2", false}, base[1], base[2]}, {{"a", "1", true}, base[1], base[2]}, {base[0], base[2]},
		{base[0], {"d", "", false}, base[2]}, {base[0], base[1], {"l", "->d", false}}, {{"b", "1", false}, base[1], base[2]},
	} {
		if b, c := packed(other...); b == bytes || c == tree {
			t.Errorf("%v is packed like %v", other, base)
		}
	}
}

func TestIgnored(t *testing.T) {
	dir := t.TempDir()
	lay(t, dir, []thing{{".recipeignore", "*.log\nnode_modules/\n", false}, {"a.log", "x", false}, {"b", "x", false},
		{"node_modules/x", "y", false}, {".git/config", "z", false}}, 0)
	_, c := pack(t, dir)
	if c.Files != 2 {
		t.Errorf("%d files are packed, not b and .recipeignore", c.Files)
	}
}

func TestLinkOutIsRefused(t *testing.T) {
	for _, target := range []string{"/etc/passwd", "../x", "d/../../x"} {
		dir := t.TempDir()
		lay(t, dir, []thing{{"d/", "", false}, {"l", "->" + target, false}}, 0)
		if _, err := archive.Pack(t.Context(), dir, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "l: the link leads out") {
			t.Errorf("link to %s: %v", target, err)
		}
	}
}
