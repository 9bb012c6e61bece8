package host_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/plugin/host"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

// world is a directory with a host and its plugins.
type world struct {
	t    testing.TB
	dir  string
	host *host.Host
}

func newWorld(t testing.TB, o host.Options) world {
	o.Dir = filepath.Join(t.TempDir(), "plugins")
	w := world{t, t.TempDir(), host.New(o)}
	t.Cleanup(w.host.Close)
	return w
}

// program is this test binary under the name of a fault.
func (w world) program(fault string) string {
	w.t.Helper()
	us, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(w.dir, fault)
	if err := os.Symlink(us, path); err != nil && !os.IsExist(err) {
		w.t.Fatal(err)
	}
	return path
}

func (w world) open(fault string) *host.Plugin {
	w.t.Helper()
	p, err := w.host.Open(w.t.Context(), fault, w.program(fault), fault)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// wanted is a note that is not there yet.
func (w world) wanted(text string) cty.Value {
	return sdktest.Object(noteSchema, sdktest.Values{"path": cty.StringVal(filepath.Join(w.dir, "note")), "text": cty.StringVal(text), "seal": cty.StringVal("the queen herself")})
}

func creation(wanted cty.Value) sdk.ApplyRequest {
	none := cty.NullVal(wanted.Type())
	return sdk.ApplyRequest{Identity: sdk.Identity{Address: "app.a", Stack: "s", Known: none}, Before: none, After: wanted, Token: "1"}
}

// undoing takes a creation back.
func undoing(r sdk.ApplyRequest) sdk.ApplyRequest {
	r.Before, r.After, r.Token, r.Undo = r.After, r.Before, r.Token+"-undo", true
	return r
}

// A plugin in a process of its own keeps all promises, also when it is killed in the middle.
func TestConformance(t *testing.T) {
	w := newWorld(t, host.Options{})
	number := 0
	p := w.open("sound")
	sdktest.Run(t, sdktest.Suite{Provider: p, Type: "note", Kill: p.Kill, Cases: []sdktest.Case{{Name: "note", New: func(t *testing.T) sdktest.Thing {
		number++
		path := filepath.Join(t.TempDir(), "note")
		set := func(text string) sdktest.Values {
			return sdktest.Values{"path": cty.StringVal(path), "text": cty.StringVal(text), "seal": cty.StringVal("the king himself")}
		}
		return sdktest.Thing{
			Create: set("one"), Updates: []sdktest.Values{set("two"), set("three")}, Wrong: []sdktest.Values{set("no note")},
			Observe: func() any { text, _ := os.ReadFile(path); return string(text) },
			Damage:  func() { _ = os.WriteFile(path, []byte("four"), 0o600) },
		}
	}}}})
}

// The types are known without the plugin, once they have been asked for.
func TestSchemaIsKept(t *testing.T) {
	w := newWorld(t, host.Options{})
	first := w.open("sound").Schema()
	again := host.New(w.host.Options)
	p, err := again.Open(t.Context(), "sound", "/nowhere", "sound")
	if err != nil {
		t.Fatalf("it was started to be asked: %v", err)
	}
	if got := p.Schema().Types["note"]; !got.Object().Equals(first.Types["note"].Object()) || !got.Attributes["seal"].Sensitive {
		t.Errorf("the schema is kept as %+v", got)
	}
	if err := os.WriteFile(filepath.Join(w.host.Dir, "schema", "sound"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	third := host.New(w.host.Options)
	defer third.Close()
	if _, err := third.Open(t.Context(), "sound", w.program("sound"), "sound"); err != nil {
		t.Errorf("a torn schema is not asked for again: %v", err)
	}
}

// A plugin sees the variables that it is to see, and starts in a directory of its own.
func TestSurroundings(t *testing.T) {
	w := newWorld(t, host.Options{Environ: []string{"PATH=/bin", "AWS_SECRET_ACCESS_KEY=x", "DATABASE_URL=y", "LANG=C"}})
	v, diags := w.open("sound").Resource("note").Apply(t.Context(), creation(w.wanted("x")))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	names, at, _ := strings.Cut(v.GetAttr("label").AsString(), " in ")
	want := filepath.Join(w.host.Dir, "work", "sound")
	if at != want {
		t.Errorf("it is in %s, not %s", at, want)
	}
	for _, name := range strings.Fields(names) {
		if !slices.Contains([]string{"PATH", "LANG", "HOME", "TMPDIR", "TMP", "TEMP", "PYTHONPYCACHEPREFIX", "RECIPE_PLUGIN"}, name) && !strings.HasPrefix(name, "PLUGIN_") {
			t.Errorf("it sees %s", name)
		}
	}
	if !slices.Contains(strings.Fields(names), "PATH") {
		t.Errorf("it does not see PATH, only %s", names)
	}
}

// Progress and lines arrive, the last progress too.
func TestNews(t *testing.T) {
	w := newWorld(t, host.Options{})
	for fault, check := range map[string]func(progress []sdk.Progress, lines []string){
		"tells": func(progress []sdk.Progress, lines []string) {
			if len(progress) < 2 || progress[len(progress)-1].Done != 19 || !slices.Equal(lines, []string{"written"}) {
				t.Errorf("what arrives is %+v and %q", progress, lines)
			}
		},
		"chatters": func(progress []sdk.Progress, lines []string) {
			if n := len(progress) + len(lines); n > 1002 || len(lines) < 100 || len(lines[0]) > 1100 {
				t.Errorf("%d pieces of news arrive, lines of %d bytes", n, len(lines[0]))
			}
		},
	} {
		var mu sync.Mutex
		var progress []sdk.Progress
		var lines []string
		r := creation(w.wanted("x"))
		r.Report = sdk.Report{
			Progress: func(p sdk.Progress) { mu.Lock(); defer mu.Unlock(); progress = append(progress, p) },
			Log:      func(line string) { mu.Lock(); defer mu.Unlock(); lines = append(lines, line) },
		}
		if _, diags := w.open(fault).Resource("note").Apply(t.Context(), r); diags.HasErrors() {
			t.Fatal(diags.Err())
		}
		check(progress, lines)
	}
}

// A call that is interrupted says what it left, and the plugin stays.
func TestInterrupted(t *testing.T) {
	w := newWorld(t, host.Options{})
	p := w.open("waits")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for at := filepath.Join(w.dir, "note"); t.Context().Err() == nil; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(at); err == nil { // half of the work is done
				return
			}
		}
	}()
	v, diags := p.Resource("note").Apply(ctx, creation(w.wanted("x")))
	if diags.HasErrors() || v.IsNull() {
		t.Errorf("it leaves %#v and says %v", v, diags.Err())
	}
}

// A type that says so may take longer than others.
func TestPatience(t *testing.T) {
	w := newWorld(t, host.Options{Patience: time.Second})
	if _, diags := w.open("patient").Resource("note").Apply(t.Context(), creation(w.wanted("x"))); diags.HasErrors() {
		t.Error(diags.Err())
	}
}
