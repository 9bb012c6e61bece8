package format

import (
	"bytes"
	"testing"
)

func TestFormat(t *testing.T) {
	src := "app \"a\" {\nsource=\"./a\"\n  inputs = {a=1\nlonger = 2 }\n}\n"
	want := "app \"a\" {\n  source = \"./a\"\n  inputs = { a = 1\n  longer = 2 }\n}\n"
	got, diags := Format([]byte(src), "stack.hcl")
	if diags.HasErrors() || string(got) != want {
		t.Fatalf("got %q (%v), want %q", got, diags, want)
	}
	again, _ := Format(got, "stack.hcl")
	if !bytes.Equal(again, got) {
		t.Errorf("formatting again changes it to %q", again)
	}
}

func TestFormatRefusesWhatDoesNotParse(t *testing.T) {
	if _, diags := Format([]byte("app {"), "stack.hcl"); !diags.HasErrors() {
		t.Error("an open block was formatted")
	}
}
