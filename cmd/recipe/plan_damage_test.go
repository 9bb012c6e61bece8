package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/nsynapse/recipe/executor/agent"
	programme "github.com/nsynapse/recipe/executor/torture"
)

// TestT5PlanFileFlips flips every bit of a saved plan and cuts it short. What is read as a plan then has a wrong signature,
// which the agent refuses, or is the same to the byte.
func TestT5PlanFileFlips(t *testing.T) {
	name := filepath.Join(t.TempDir(), "next.plan")
	good := &agent.SignedPlan{Plan: json.RawMessage(`{"stack":"shop","serial":7,"changes":[{"addr":"app.a[0]","action":"create"}]}`), Signature: "00ff"}
	if err := writePlan(name, good); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	tried, refused, unsigned := 0, 0, 0
	try := func(changed []byte) {
		if err := os.WriteFile(name, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		tried++
		got, ok, err := readPlan(name)
		switch {
		case err != nil || !ok:
			refused++
		case string(got.Plan) != string(good.Plan) && got.Signature != good.Signature:
			t.Fatalf("one flip changed both the plan and its signature: %s", changed)
		case string(got.Plan) != string(good.Plan) || got.Signature != good.Signature:
			unsigned++
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
	programme.Report(t, "T5", "%d flips and truncations of a saved plan: %d refused when read, %d do not fit their signature, the others are the same plan", tried, refused, unsigned)
}
