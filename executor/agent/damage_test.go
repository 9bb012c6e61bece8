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
