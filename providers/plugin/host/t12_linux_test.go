package host_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/providers/plugin/host"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// maxTime bounds a failure in T12, which may be late beside other tests on a busy machine.
var maxTime = torture.Pick(time.Minute, 10*time.Second)

const maxGrowth = 64 << 20 // bytes of resident memory

// neverStarts is what is said of programs that never become plugins.
var neverStarts = map[string]string{
	"exits":      "the moon is in the wrong phase",
	"succeeds":   "exit code 0",
	"silent":     "not ready within 5s",
	"babbles":    "does not begin as a plugin does",
	"endless":    "does not begin as a plugin does",
	"elsewhere":  "and not a unix socket in the directory",
	"network":    "and not a unix socket in the directory",
	"future":     "does not speak version 1 of the protocol",
	"nobody":     "connect",
	"deaf":       "not ready within 5s",
	"leaves":     "does not begin as a plugin does",
	"bad-schema": `the type note: attribute "a": cannot read its type`,
	"not-there":  "no such file",
}

// T12: a program that does not become a plugin is told by its cause, in time, and nothing of it is left.
func TestT12NeverStarts(t *testing.T) {
	for fault, want := range neverStarts {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, host.Options{})
			path := w.program(fault)
			if fault == "not-there" {
				path += "-at-all"
			}
			begin := time.Now()
			_, err := w.host.Open(t.Context(), fault, path, fault)
			if took := time.Since(begin); took > maxTime {
				t.Errorf("it took %s", took)
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("it says %v, not %q", err, want)
			}
			noOrphans(t, w.dir)
		})
	}
}

// failsCalls is what is said of plugins that fail in an Apply.
var failsCalls = map[string]string{
	"crashes":       "exit status 7",
	"segfaults":     "exit status 2",
	"panics":        "the ink is dry",
	"hangs":         "said nothing for 8s",
	"garbage":       "it is no JSON",
	"empty":         "it has no value",
	"nothing":       "ended the call without a result",
	"malformed":     "ended the call without a result",
	"bomb":          "more than 100000 parts",
	"crowd":         "it has more than 200000 pieces",
	"huge":          "longer than 4 MiB",
	"foreign":       `unsupported attribute "colour"`,
	"mistyped":      "at text",
	"other":         `the attribute "text" is not as it was wanted`,
	"forgetful":     `the computed attribute "size" is missing`,
	"indiscreet":    `the attribute "label" shows a sensitive value`,
	"floods-stderr": "",
}

// T12: a call that goes wrong fails with its cause, in time; we do not grow, and what was done can be taken back.
func TestT12FailsCalls(t *testing.T) {
	failsCalls := maps.Clone(failsCalls)
	if torture.Full() {
		failsCalls["vast"] = failsCalls["huge"] // the plugin needs gigabytes for it
	}
	watch := watchMemory(t)
	for _, fault := range slices.Sorted(maps.Keys(failsCalls)) {
		t.Run(fault, func(t *testing.T) { failCall(t, fault, failsCalls[fault]) })
	}
	growth := watch()
	if growth > maxGrowth {
		t.Errorf("we grew by %d MiB", growth>>20)
	}
	torture.Report(t, "T12", "%d ways to fail in a call, memory grew by %d MiB at most", len(failsCalls), growth>>20)
}

func failCall(t *testing.T, fault, want string) {
	w := newWorld(t, host.Options{})
	p := w.open(fault)
	r := creation(w.wanted("half of it"))
	begin := time.Now()
	_, diags := p.Resource("note").Apply(t.Context(), r)
	if took := time.Since(begin); took > maxTime {
		t.Errorf("it took %s", took)
	}
	slow := fault == "vast" && said(diags, "it said nothing for") // a busy machine needs longer for two gigabytes than a call may be silent
	if want == "" && diags.HasErrors() || want != "" && !slow && !said(diags, want) {
		t.Errorf("it says %v, not %q", diags.Err(), want)
	}
	if strings.Contains(fmt.Sprint(diags), "queen") {
		t.Errorf("it says a secret: %v", diags)
	}
	if badAnswers[fault] == nil {
		if _, diags := p.Resource("note").Apply(t.Context(), undoing(r)); diags.HasErrors() {
			t.Errorf("it cannot be taken back: %v", diags.Err())
		}
		if _, err := os.Stat(filepath.Join(w.dir, "note")); !os.IsNotExist(err) {
			t.Errorf("what was done half is still there: %v", err)
		}
	}
	w.host.Close()
	noOrphans(t, w.dir)
}

func said(diags sdk.Diagnostics, want string) bool {
	return diags.HasErrors() && strings.Contains(diags.Err().Error(), want)
}

// T12: what cannot be started when it is needed has done nothing, and so can be taken back without it.
func TestT12UndoWithoutStart(t *testing.T) {
	w := newWorld(t, host.Options{})
	w.open("sound")
	w.host.Close()
	path := w.program("exits")
	p, err := w.host.Open(t.Context(), "sound", path, "sound") // its types are known
	if err != nil {
		t.Fatal(err)
	}
	r := creation(w.wanted("x"))
	if _, diags := p.Resource("note").Apply(t.Context(), r); !said(diags, "wrong phase") {
		t.Fatalf("it says %v", diags.Err())
	}
	if v, diags := p.Resource("note").Apply(t.Context(), undoing(r)); diags.HasErrors() || !v.IsNull() {
		t.Errorf("it cannot be taken back: %v", diags.Err())
	}
	other := r
	other.Address = "app.b"
	if _, diags := p.Resource("note").Apply(t.Context(), undoing(other)); !diags.HasErrors() {
		t.Error("a change that may have reached the plugin is taken back without it")
	}
}

// T12: a program out of a package that is not the one of the schema there does nothing and is ended, and each start tries anew;
// what it would have done needs no undoing. One that is that program works, and is not started before it is called.
func TestT12WrongSchema(t *testing.T) {
	signed := func(change func(types map[string]sdk.TypeSchema)) []byte {
		types := map[string]sdk.TypeSchema{"note": noteSchema, "draft": draftSchema()}
		change(types)
		text, err := wire.WriteSchema(sdk.Schema{Types: types})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, change := range map[string]func(map[string]sdk.TypeSchema){
		"none":     func(map[string]sdk.TypeSchema) {},
		"another":  func(types map[string]sdk.TypeSchema) { types["letter"] = noteSchema },
		"missing":  func(types map[string]sdk.TypeSchema) { types["letter"] = types["note"]; delete(types, "note") },
		"planless": func(types map[string]sdk.TypeSchema) { types["draft"] = noteSchema },
		"insecure": func(types map[string]sdk.TypeSchema) { types["note"] = exposed(noteSchema) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, host.Options{})
			p, err := w.host.OpenPublished("acme/note", w.program("sound"), name, signed(change))
			if err != nil {
				t.Fatal(err)
			}
			noOrphans(t, w.dir) // it is not started
			resource := p.Resource("note")
			if name == "missing" {
				resource = p.Resource("letter")
			}
			r := creation(w.wanted("x"))
			_, diags := resource.Apply(t.Context(), r)
			if name == "none" {
				if diags.HasErrors() {
					t.Error(diags.Err())
				}
				return
			}
			if !said(diags, "it is not the program that the schema in its package was made from") {
				t.Errorf("it says %v", diags.Err())
			}
			if _, err := os.Stat(filepath.Join(w.dir, "note")); !os.IsNotExist(err) {
				t.Errorf("it did something: %v", err)
			}
			if _, diags := resource.Read(t.Context(), r.Identity); !said(diags, "it is not the program") {
				t.Errorf("it reads: %v", diags.Err())
			}
			if v, diags := resource.Apply(t.Context(), undoing(r)); diags.HasErrors() || !v.IsNull() {
				t.Errorf("it cannot be taken back: %v", diags.Err())
			}
			noOrphans(t, w.dir)
		})
	}
}

// exposed is a schema whose secrets are none.
func exposed(s sdk.TypeSchema) sdk.TypeSchema {
	s.Attributes = maps.Clone(s.Attributes)
	for name, a := range s.Attributes {
		a.Sensitive = false
		s.Attributes[name] = a
	}
	return s
}

// T12: a Read that hangs ends too.
func TestT12HangsReading(t *testing.T) {
	w := newWorld(t, host.Options{Patience: 500 * time.Millisecond})
	_, diags := w.open("hangs-reading").Resource("note").Read(t.Context(), creation(w.wanted("x")).Identity)
	if !said(diags, "said nothing for 500ms") {
		t.Errorf("it says %v", diags.Err())
	}
	noOrphans(t, w.dir)
}

// noOrphans looks for processes that were started from dir.
func noOrphans(t *testing.T, dir string) {
	t.Helper()
	if left := orphans(t, dir); left != "" {
		t.Errorf("a process is left: %s", left)
	}
}

// eventually waits for what a signal brings about.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(maxTime); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come about")
		}
	}
}

// orphans names a process that was started from dir, "" if there is none.
func orphans(t *testing.T, dir string) string {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if text, err := os.ReadFile(line); err == nil && strings.Contains(string(text), dir) {
			return fmt.Sprintf("%s %q", line, text)
		}
	}
	return ""
}

// watchMemory begins to look at our resident memory; what it returns ends that and says by how much it has grown at most.
func watchMemory(t *testing.T) func() int64 {
	first := resident(t)
	var most atomic.Int64
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			most.Store(max(most.Load(), resident(t)))
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(done)
		<-stopped
		return most.Load() - first
	}
}

// resident is our resident memory in bytes.
func resident(t *testing.T) int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Error(err)
		return 0
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		t.Error(err)
	}
	return pages * int64(os.Getpagesize())
}
