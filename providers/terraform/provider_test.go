package terraform_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform"
)

// What an earlier release of a provider has kept is brought up to date by the provider.
func TestStateOfAnEarlierRelease(t *testing.T) {
	p, dir := open(t, "six"), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "card"), []byte("words\nred\n0\n0\n0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	known := wanted(p, "six_card", map[string]cty.Value{
		"provider": configuration(`{"directory":%q}`, dir), "name": str("card"),
		"provider-state": str(fmt.Sprintf(`{"version":1,"state":{"name":"card","words":"words","path":%q},"config":null}`, filepath.Join(dir, "card"))),
	})
	v, diags := p.Resource("six_card").Read(t.Context(), sdk.Identity{Address: "a", Stack: "s", Known: known})
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	if v.IsNull() || v.GetAttr("text").AsString() != "words" || v.GetAttr("colour").AsString() != "red" {
		t.Errorf("it is read as %#v", v)
	}
	if state := v.GetAttr("provider-state").AsString(); !strings.Contains(state, `"version":2`) {
		t.Errorf("it is kept as %s", state)
	}
}

// The types of a program are known without it once it was seen.
func TestTypesAreKept(t *testing.T) {
	dir := t.TempDir()
	first := terraform.New(terraform.Options{Dir: dir})
	want := openIn(t, first, "null").Schema()
	first.Close()
	second := terraform.New(terraform.Options{Dir: dir})
	defer second.Close()
	p, err := second.Open(t.Context(), "terraform/null", "/no/such/program", "null")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Schema(); len(got.Types) != len(want.Types) || !got.Types["null_resource"].Object().Equals(want.Types["null_resource"].Object()) {
		t.Error("they are others")
	}
}

// A process that nobody calls ends; one that an earlier host has left is ended by the next.
func TestProcessesEnd(t *testing.T) {
	dir := t.TempDir()
	h := terraform.New(terraform.Options{Dir: dir, Idle: time.Millisecond})
	defer h.Close()
	make1 := func(h *terraform.Host) {
		t.Helper()
		p := openIn(t, h, "null")
		after := wanted(p, "null_resource", nil)
		if _, diags := p.Resource("null_resource").Apply(t.Context(), sdk.ApplyRequest{Before: cty.NullVal(after.Type()), After: after, Token: "t"}); diags.HasErrors() {
			t.Fatal(diags.Err())
		}
	}
	make1(h)
	ends(t, dir)
	other := terraform.New(terraform.Options{Dir: dir, Idle: time.Hour})
	defer other.Close()
	make1(other)
	if len(records(t, dir)) == 0 {
		t.Fatal("no process is noted")
	}
	terraform.New(terraform.Options{Dir: dir}).Sweep()
	ends(t, dir)
}

func records(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "run", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ends waits until no process is noted any more.
func ends(t *testing.T, dir string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); len(records(t, dir)) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("there is still %v", records(t, dir))
		}
	}
}

// What is no provider is told by its cause.
func TestNoProvider(t *testing.T) {
	h := terraform.New(terraform.Options{Dir: t.TempDir()})
	defer h.Close()
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho I am no provider >&2\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := h.Open(t.Context(), "terraform/x", program, "x")
	if err == nil || !strings.Contains(err.Error(), "I am no provider") || !strings.Contains(err.Error(), "1|5|unix|SOCKET|grpc") {
		t.Errorf("it says %v", err)
	}
}
