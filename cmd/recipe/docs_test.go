package main

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestCommandsPage demands that docs/commands.md has a section for each command, with exactly its flags.
func TestCommandsPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range commands() {
		section, ok := sectionOf(string(text), cmd.name)
		if !ok {
			t.Errorf("commands.md has no section for recipe %s", cmd.name)
			continue
		}
		has := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
		has.Bool("no-color", false, "") // declared for all commands
		cmd.setup(&cli{getenv: func(string) string { return "" }}, has)
		told := flagsOf(section)
		has.VisitAll(func(f *flag.Flag) {
			if !told[f.Name] {
				t.Errorf("commands.md does not tell the flag -%s of recipe %s", f.Name, cmd.name)
			}
		})
		for name := range told {
			if has.Lookup(name) == nil {
				t.Errorf("commands.md tells a flag -%s of recipe %s, which has none", name, cmd.name)
			}
		}
	}
}

// sectionOf returns the part of the page below the heading that names the command, such as "### recipe stop, start".
func sectionOf(page, command string) (string, bool) {
	for _, part := range strings.Split(page, "\n### ")[1:] {
		heading, rest, _ := strings.Cut(part, "\n")
		heading, _, _ = strings.Cut(heading, "[")
		for _, word := range strings.FieldsFunc(heading, func(r rune) bool { return r == ' ' || r == ',' }) {
			if word == command {
				rest, _, _ = strings.Cut(rest, "\n## ")
				return rest, true
			}
		}
	}
	return "", false
}

var flagName = regexp.MustCompile("`-([a-z][a-z-]*)")

// flagsOf lists the flags in the first column of the tables of a section.
func flagsOf(section string) map[string]bool {
	names := map[string]bool{}
	for _, line := range strings.Split(section, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, m := range flagName.FindAllStringSubmatch(cells[1], -1) {
			names[m[1]] = true
		}
	}
	return names
}
