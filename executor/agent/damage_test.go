package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/torture"
)

// TestT5PlanKeyFlips flips every bit of the key that signs plans, and cuts it short: it has to be told, and not made anew.
func TestT5PlanKeyFlips(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan.key")
	if _, err := planKey(disk.OS{}, path); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	try := func(changed []byte) {
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		tried++
		if _, err := planKey(disk.OS{}, path); err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("%q was told as %v", changed, err)
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != string(changed) {
			t.Fatal("a damaged key was written anew")
		}
	}
	for at := range content {
		for bit := range 8 {
			changed := append([]byte(nil), content...)
			changed[at] ^= 1 << bit
			try(changed)
		}
		try(content[:at])
	}
	torture.Report(t, "T5", "%d flips and truncations of plan.key: all told, none made anew", tried)
}

// Where a home is: a symbolic link is the same one, a copy is another one, unless it has no stacks, and no damage goes unnoticed.
func TestKnownPath(t *testing.T) {
	home := filepath.Join(t.TempDir(), "a home")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(path, want string) {
		t.Helper()
		if got, err := knownPath(disk.OS{}, path); err != nil || got != want {
			t.Fatalf("%s: %q, %v; want %s", path, got, err, want)
		}
	}
	must(os.MkdirAll(filepath.Join(home, "stacks", "shop"), 0o755))
	at(home, home)
	link := filepath.Join(t.TempDir(), "link")
	must(os.Symlink(home, link))
	at(link, home)
	moved := filepath.Join(t.TempDir(), "moved")
	must(os.CopyFS(moved, os.DirFS(home)))
	if _, err := knownPath(disk.OS{}, moved); err == nil || !strings.Contains(err.Error(), "ln -s '"+moved+"' '"+home+"'") {
		t.Fatalf("a copy: %v", err)
	}
	must(os.RemoveAll(home))
	must(os.Symlink(moved, home)) // as the error says
	at(moved, home)
	at(home, home)
	path := filepath.Join(moved, placeFile)
	content, err := os.ReadFile(path)
	must(err)
	for i := range content {
		changed := append([]byte(nil), content...)
		changed[i] ^= 1
		must(os.WriteFile(path, changed, 0o600))
		if _, err := knownPath(disk.OS{}, home); err == nil || !strings.Contains(err.Error(), "is damaged") {
			t.Fatalf("%q: %v", changed, err)
		}
	}
	must(os.WriteFile(path, content, 0o600))
	must(os.RemoveAll(filepath.Join(moved, "stacks", "shop")))
	must(os.Remove(home))
	at(moved, moved)
}

// TestT5SignedPlanFlips flips every bit of a signed plan and of its signature: the agent has to refuse all.
func TestT5SignedPlanFlips(t *testing.T) {
	a := &Agent{planKey: []byte("a key")}
	text := []byte(`{"stack":"shop","lineage":"L","serial":7,"generation":3,"changes":[{"addr":"app.a[0]","type":"file","action":"create"}]}`)
	good := SignedPlan{Plan: text, Signature: a.sign(text)}
	if _, err := a.verify(&good); err != nil {
		t.Fatal(err)
	}
	tried := 0
	try := func(p SignedPlan) {
		tried++
		if _, err := a.verify(&p); err == nil {
			t.Fatalf("accepted: %s %s", p.Plan, p.Signature)
		}
	}
	for at := range text {
		for bit := range 8 {
			changed := append([]byte(nil), text...)
			changed[at] ^= 1 << bit
			try(SignedPlan{changed, good.Signature})
		}
		try(SignedPlan{text[:at], good.Signature})
	}
	for at := range good.Signature {
		for bit := range 8 {
			changed := []byte(good.Signature)
			changed[at] ^= 1 << bit
			try(SignedPlan{text, string(changed)})
		}
		try(SignedPlan{text, good.Signature[:at]})
	}
	torture.Report(t, "T5", "%d flips and truncations of a signed plan: all refused by the agent", tried)
}
