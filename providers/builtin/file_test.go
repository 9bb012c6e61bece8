package builtin_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
	"github.com/zclconf/go-cty/cty"
)

// seen is what an observer sees of a path: kind, permissions and content.
func seen(path string) func() any {
	return func() any {
		info, err := os.Lstat(path)
		switch {
		case err != nil:
			return "nothing"
		case info.IsDir():
			return info.Mode().String()
		}
		return info.Mode().String() + " " + content(path)
	}
}

func TestFile(t *testing.T) {
	text := func(t *testing.T) sdktest.Thing {
		base := t.TempDir()
		set := func(content, mode string) sdktest.Values {
			return sdktest.Values{"base": str(base), "name": str("config"), "file": str("etc/app.conf"), "content": str(content), "mode": str(mode)}
		}
		path := filepath.Join(base, "etc", "app.conf")
		return sdktest.Thing{
			Create:  set("one", "0644"),
			Updates: []sdktest.Values{set("two", "644"), set("two", "0600"), set("", "0400")},
			Wrong:   []sdktest.Values{set("x", "rw"), set("x", "01777")},
			Observe: seen(path),
			Damage:  func() { _ = os.WriteFile(path, []byte("tampered"), 0o644) },
		}
	}
	payload := func(t *testing.T) sdktest.Thing {
		base := t.TempDir()
		set := func(path string) sdktest.Values {
			return sdktest.Values{"base": str(base), "name": str("logo.png"), "source": str(path)}
		}
		path := filepath.Join(base, "logo.png")
		return sdktest.Thing{
			Create:  set(mustWrite(t, filepath.Join(t.TempDir(), "a"), "\xff\x00 one")),
			Updates: []sdktest.Values{set(mustWrite(t, filepath.Join(t.TempDir(), "b"), strings.Repeat("\xfe", 100_000)))},
			Wrong:   []sdktest.Values{set("relative"), set(filepath.Join(base, "missing")), set(base)},
			Observe: seen(path),
			Damage:  func() { _ = os.Chmod(path, 0o600) },
		}
	}
	plugintest.Run(t, sdktest.Suite{Provider: builtin.New(builtin.Options{}), Type: "file", Cases: []sdktest.Case{
		{Name: "content", New: text}, {Name: "source", New: payload},
	}})
}

func TestTemplate(t *testing.T) {
	plugintest.Run(t, sdktest.Suite{Provider: builtin.New(builtin.Options{}), Type: "template", Cases: []sdktest.Case{{
		Name: "rendered", New: func(t *testing.T) sdktest.Thing {
			base := t.TempDir()
			set := func(text string) sdktest.Values {
				return sdktest.Values{"base": str(base), "name": str("shop.json"), "content": str(text)}
			}
			path := filepath.Join(base, "shop.json")
			return sdktest.Thing{Create: set("{}"), Updates: []sdktest.Values{set("[]")}, Observe: seen(path), Damage: func() { _ = os.Remove(path) }}
		},
	}}})
}

func TestDirectory(t *testing.T) {
	plugintest.Run(t, sdktest.Suite{Provider: builtin.New(builtin.Options{}), Type: "directory", Cases: []sdktest.Case{{
		Name: "nested", New: func(t *testing.T) sdktest.Thing {
			base := t.TempDir()
			set := func(mode string) sdktest.Values {
				return sdktest.Values{"base": str(base), "name": str("it"), "directory": str("var/uploads"), "mode": str(mode)}
			}
			path := filepath.Join(base, "var", "uploads")
			return sdktest.Thing{
				Create: set("0755"), Updates: []sdktest.Values{set("0700"), set("0750")}, Wrong: []sdktest.Values{set("9")},
				Observe: seen(path), Damage: func() { _ = os.Remove(path) },
			}
		},
	}}})
}

// A file that is already as wanted is not written again: even its time stays.
func TestFileUnchanged(t *testing.T) {
	o, base := newOne(t, builtin.Options{}, "file"), t.TempDir()
	values := sdktest.Values{"base": str(base), "name": str("a"), "content": str("x")}
	v := o.create(values)
	before, err := os.Stat(filepath.Join(base, "a"))
	if err != nil {
		t.Fatal(err)
	}
	same := mustWrite(t, filepath.Join(t.TempDir(), "same"), "x")
	if _, err := o.apply(t.Context(), v, o.object(sdktest.Values{"base": str(base), "name": str("a"), "source": str(same)}), "2"); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(filepath.Join(base, "a")); err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was written again: %v", err)
	}
}

// Nothing outside the base directory is written, and what is in the way is not taken away.
func TestFileStaysInBase(t *testing.T) {
	o, base, outside := newOne(t, builtin.Options{}, "file"), t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(base, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(base, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../x", "/etc/x", "link/x", ".", "", "a/../../x", "folder"} {
		o.refuse(sdktest.Values{"base": str(base), "name": str("n"), "file": str(name), "content": str("x")})
	}
	o.refuse(sdktest.Values{"base": str("relative"), "name": str("n"), "content": str("x")})
	o.refuse(sdktest.Values{"base": str(base), "name": str("n"), "content": str("x"), "source": str("/dev/null")})
	o.refuse(sdktest.Values{"base": str(base), "name": str("n")})
	entries, err := os.ReadDir(outside)
	if err != nil || len(entries) != 0 {
		t.Errorf("outside the base directory lie %v, %v", entries, err)
	}
	left, err := os.ReadDir(base)
	if err != nil || len(left) != 2 {
		t.Errorf("refused files left %v, %v", left, err)
	}
}

// What has a place that cannot be was never made: to take its creation back is to do nothing.
func TestNoSuchPlace(t *testing.T) {
	for _, kind := range []string{"file", "directory"} {
		o := newOne(t, builtin.Options{}, kind)
		values := sdktest.Values{"base": str(t.TempDir()), "name": str("n"), kind: str("a/../../x")}
		o.refuse(values)
		if left, err := o.apply(t.Context(), o.object(values), o.null(), "undo"); err != nil || !left.IsNull() {
			t.Errorf("a %s in no place cannot be taken back: %v", kind, err)
		}
	}
}

// A symbolic link in the file's place is replaced and not followed.
func TestFileReplacesLink(t *testing.T) {
	o, base := newOne(t, builtin.Options{}, "file"), t.TempDir()
	target := mustWrite(t, filepath.Join(base, "target"), "kept")
	if err := os.Symlink("target", filepath.Join(base, "a")); err != nil {
		t.Fatal(err)
	}
	o.create(sdktest.Values{"base": str(base), "name": str("a"), "content": str("new")})
	if content(target) != "kept" || content(filepath.Join(base, "a")) != "new" {
		t.Errorf("target has %q, a has %q", content(target), content(filepath.Join(base, "a")))
	}
}

func TestFileOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	o, base := newOne(t, builtin.Options{}, "file"), t.TempDir()
	v := o.create(sdktest.Values{"base": str(base), "name": str("a"), "content": str("x"), "owner": cty.NumberIntVal(65534)})
	if err := os.Chown(filepath.Join(base, "a"), 1, -1); err != nil {
		t.Fatal(err)
	}
	if found := read(o, v); !found.GetAttr("owner").RawEquals(cty.NumberIntVal(1)) {
		t.Errorf("the owner found is %#v", found.GetAttr("owner"))
	}
}

// Deleting a directory with something in it keeps it and says so.
func TestDirectoryWithContent(t *testing.T) {
	o, base := newOne(t, builtin.Options{}, "directory"), t.TempDir()
	v := o.create(sdktest.Values{"base": str(base), "name": str("uploads")})
	mustWrite(t, filepath.Join(base, "uploads", "photo"), "x")
	if left, err := o.apply(context.Background(), v, o.null(), "2"); err != nil || !left.IsNull() {
		t.Errorf("deletion: %#v, %v", left, err)
	}
	if content(filepath.Join(base, "uploads", "photo")) != "x" {
		t.Error("the user's file is gone")
	}
}

func TestDirectoryInTheWay(t *testing.T) {
	o, base := newOne(t, builtin.Options{}, "directory"), t.TempDir()
	mustWrite(t, filepath.Join(base, "a"), "x")
	if text := o.refuse(sdktest.Values{"base": str(base), "name": str("a")}); !strings.Contains(text, "in the way") {
		t.Error(text)
	}
	if info, err := os.Stat(filepath.Join(base, "a")); err != nil || info.Mode().Type() != fs.FileMode(0) {
		t.Errorf("the file in the way: %v, %v", info, err)
	}
}
