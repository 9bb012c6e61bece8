package apply_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/executor/torture"
)

// rule is one thing that durable work relies on, and how its file reads without it.
type rule struct {
	name string
	test string // which goes red without the rule; with another package before it, if not of this one
	cuts []cut
}

// cut takes a rule out of a file, which is named from the root of the module.
type cut struct{ file, old, new string }

const (
	doFile      = "executor/apply/do.go"
	undoFile    = "executor/apply/undo.go"
	engineFile  = "executor/apply/engine.go"
	journalFile = "executor/journal/journal.go"
	recoverFile = "executor/journal/recover.go"
	diskFile    = "executor/disk/disk.go"
)

var rules = []rule{
	{"the same token for all attempts", "TestT1EveryCrash/scenario/create", []cut{
		{engineFile, `fmt.Sprintf("%s-%d-%s", c.run.ID, i, direction)`, `fmt.Sprintf("%s-%d-%s-%p", c.run.ID, i, direction, c)`}}},
	{"the intent is on disk before the effect", "TestT1EveryCrash", []cut{
		{doFile, `if status != Doing && !c.record(i, taskRecord{Status: Doing}) {`, `if false {`}}},
	{"the intent of an undo too", "TestT1EveryCrash/scenario/undo", []cut{
		{undoFile, `if !removed && !c.record(i, taskRecord{Status: Undoing}) {`, `if false {`}}},
	{"what was begun is looked at again, not taken for done", "TestT1EveryCrash", []cut{
		{doFile, "case Done:\n\t\treturn nil", "case Done, Doing:\n\t\treturn nil"}}},
	{"Done and its Object are one record", "TestT1EveryCrash", []cut{
		{doFile, `if !c.record(i, taskRecord{Status: Done, Object: object, Took: object.Took}) {`,
			`if !c.record(i, taskRecord{Status: Done}) || !c.record(i, taskRecord{Status: Done, Object: object}) {`}}},
	{"a deletion and its end are one record", "TestT1EveryCrash", []cut{
		{doFile, `if !c.record(i, taskRecord{Status: then, Gone: true, Took: time.Since(begin)}) {`,
			`if !c.record(i, taskRecord{Status: then}) || !c.record(i, taskRecord{Status: then, Gone: true}) {`}}},
	{"what a failure left is in its record", "TestT1EveryCrash/scenario/stop", []cut{
		{doFile, "object.Tainted = true\n\t\tt.Object = object", "_ = object"}}},
	{"a stopped run takes back what was cut off", "TestT1EveryCrash/scenario/stop", []cut{
		{engineFile, `if c.run.Undoing || c.run.Stopped {`, `if c.run.Undoing && !c.run.Stopped {`}}},
	{"the vault is marked before the end is recorded, and not after", "TestT1EveryCrash/scenario/mark", []cut{
		{"executor/apply/end.go", "if c.Mark != nil {", "if c.Mark != nil {\n\t\tif err := c.Book.append(record{End: e}); err != nil {\n\t\t\treturn Result{}, err\n\t\t}"},
		{"executor/apply/end.go", "\t}\n\tif err := c.Book.append(record{End: e}); err != nil {", "\t} else if err := c.Book.append(record{End: e}); err != nil {"}}},
	{"a record is synced before it is acknowledged", "TestT1EveryCrash", []cut{
		{journalFile, "if err := j.log.Sync(); err != nil {\n\t\treturn j.fail(err)", "if err := error(nil); err != nil {\n\t\treturn j.fail(err)"}}},
	{"a mark follows its record", "TestT1EveryCrash", []cut{
		{journalFile, "if err := j.log.Sync(); err != nil {\n\t\treturn j.fail(err)", "_ = j.writeAt(logHeader+int64(j.slot)*markSize, mark{j.last.sequence + 1, j.last.end + int64(len(record))}.encode(j.header.origin))\n\tif err := j.log.Sync(); err != nil {\n\t\treturn j.fail(err)"}}},
	{"after a failed write the journal has failed", "TestT6EveryFsync", []cut{
		{journalFile, `j.failed = fmt.Errorf("journal %s has failed and must be opened again: %w", j.dir, err)` + "\n\treturn j.failed", `return fmt.Errorf("journal %s has failed and must be opened again: %w", j.dir, err)`},
		{engineFile, "if c.fatal == nil {\n\t\tc.fatal = err", "if false {\n\t\tc.fatal = err"}}},
	{"an end in doubt is copied, not written again", "TestT6EveryFsync", []cut{
		{recoverFile, `return f.Cut == 0 && f.marks[f.newest()] == f.last && f.marks[0].end > 0 && f.marks[1].end > 0`, `return true`}}},
	{"a temporary file is a fresh one", "../journal TestShorterCompactAfterAFailed", []cut{
		{diskFile, "if err := fsys.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {\n\t\treturn err\n\t}\n", ""},
		{diskFile, `os.O_WRONLY|os.O_CREATE|os.O_EXCL`, `os.O_WRONLY|os.O_CREATE`}}},
	{"the directory is synced after a rename", "TestT1EveryCrash", []cut{
		{diskFile, `return fsys.SyncDir(filepath.Dir(path))`, "_ = filepath.Dir\n\treturn nil"},
		{journalFile, "if err == nil {\n\t\terr = j.fsys.SyncDir(j.dir)\n\t}", ""}}},
	{"a temporary file is synced before its rename", "TestT1EveryCrash", []cut{
		{diskFile, "if err := f.Sync(); err != nil {", "if err := error(nil); err != nil {"}}},
}

// TestT1EveryRuleIsNeeded takes one rule at a time out of the product and demands that a test of the programme goes red.
// Outside the whole programme it tries one.
func TestT1EveryRuleIsNeeded(t *testing.T) {
	if os.Getenv(inner) != "" {
		t.Skip("a rule is taken out already")
	}
	if testing.Short() {
		t.Skip("it compiles; not in short mode")
	}
	tried := torture.Pick(rules[:1], rules)
	t.Run("rule", func(t *testing.T) {
		for _, r := range tried {
			t.Run(strings.ReplaceAll(r.name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				r.without(t)
			})
		}
	})
	torture.Report(t, "T1", "%d rules taken out of the product, one at a time: each time a test went red", len(tried))
}

const inner = "RECIPE_TEST_RULE_TAKEN_OUT"

// without tests the product without the rule.
func (r rule) without(t *testing.T) {
	dir := t.TempDir()
	replace := map[string]string{}
	for _, c := range r.cuts {
		path, err := filepath.Abs(filepath.Join("..", "..", c.file))
		if err != nil {
			t.Fatal(err)
		}
		from := path
		if replace[path] != "" {
			from = replace[path]
		}
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), c.old) {
			t.Fatalf("%s no longer reads %q: say anew how it is without the rule", c.file, c.old)
		}
		replace[path] = filepath.Join(dir, strings.ReplaceAll(c.file, "/", "_"))
		if err := os.WriteFile(replace[path], []byte(strings.ReplaceAll(string(text), c.old, c.new)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(name, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	directory, pattern, ok := strings.Cut(r.test, " ")
	if !ok {
		directory, pattern = ".", r.test
	}
	program := filepath.Join(dir, "apply.test")
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", name, "-o", program, directory).CombinedOutput(); err != nil {
		t.Fatalf("it does not compile without the rule: %v\n%s", err, out)
	}
	test := exec.Command(program, "-test.run", pattern+"$", "-test.failfast", "-test.timeout", "2m")
	test.Env = append(os.Environ(), inner+"=1", "RECIPE_TORTURE=", "RECIPE_TORTURE_REPORT=")
	out, err := test.CombinedOutput()
	if err == nil {
		t.Fatalf("nothing notices that the rule is gone:\n%s", out)
	}
	if !strings.Contains(string(out), "--- FAIL: Test") {
		t.Fatalf("without the rule no test failed, but something else happened: %v\n%.2000s", err, out)
	}
}
