package solve

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/tools/txtar"

	"github.com/nsynapse/recipe/lang/addr"
)

// update rewrites the expected text in testdata.
var update = flag.Bool("update", false, "rewrite the expected text in testdata")

// TestConflicts compares what users read about conflicts with the text in testdata, which -update rewrites. A case is an
// archive: "stack" has a line COMPONENT PACKAGE [CONSTRAINT] for each component and COMPONENT bind REQUIREMENT COMPONENT
// for each bind, "library" a line PACKAGE VERSION for each manifest and below it, set off, its
//
//	depends PACKAGE [CONSTRAINT]
//	requires NAME SERVICE [CONSTRAINT]
//	provides SERVICE VERSION
//	coexist major
//	platforms PLATFORM...
//	recipe CONSTRAINT
//	uses PACKAGE [CONSTRAINT]
//	plugin [PROTOCOL...]
//
// A package of the stack that begins with ./ is of its own files. The stack may also prefer PACKAGE, exclude PACKAGE, and have
// locked PACKAGE VERSION, taken SERVICE PACKAGE, uses PACKAGE [CONSTRAINT] and given PACKAGE. "want" is the text of the diagnostics.
func TestConflicts(t *testing.T) {
	files, err := filepath.Glob("testdata/conflicts/*.txtar")
	if err != nil || len(files) < 15 {
		t.Fatalf("there are %d conflicts (%v), want 15 or more", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			library := libraryOf(archive.Files[1].Data)
			_, diags := Solve(context.Background(), stackOf(archive.Files[0].Data, library), library)
			got := told(diags)
			if want := string(archive.Files[2].Data); got != want && !*update {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if *update {
				archive.Files[2].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func told(diags hcl.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		fmt.Fprintf(&b, "%s:%d: %s\n", d.Subject.Filename, d.Subject.Start.Line, d.Summary)
		for sentence := range strings.SplitAfterSeq(d.Detail, ". ") {
			fmt.Fprintf(&b, "  %s\n", strings.TrimSpace(sentence))
		}
	}
	return b.String()
}

// lines calls line with the words of each line that has some, and its place.
func lines(name string, text []byte, line func(words []string, at hcl.Range)) {
	scanner := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; scanner.Scan(); n++ {
		if words := strings.Fields(scanner.Text()); len(words) > 0 {
			at := hcl.Pos{Line: n, Column: 1}
			line(words, hcl.Range{Filename: name, Start: at, End: at})
		}
	}
}

// libraryOf reads manifests; those of a name that begins with ./ are the files of the stack itself.
func libraryOf(text []byte) box {
	b := box{}
	var m *Manifest
	lines("library", text, func(words []string, at hcl.Range) {
		rest := strings.Join(words[min(2, len(words)):], " ")
		switch words[0] {
		case "depends":
			m.Depends = append(m.Depends, Dependency{Package: words[1], Text: rest, Constraint: constraint(rest), Range: at})
		case "uses":
			m.Uses = append(m.Uses, using(words, at))
		case "plugin":
			m.Plugin = true
			for _, word := range words[1:] {
				number, err := strconv.Atoi(word)
				if err != nil {
					panic(err)
				}
				m.Protocols = append(m.Protocols, number)
			}
		case "requires":
			rest := strings.Join(words[3:], " ")
			m.Requires = append(m.Requires, Requirement{Name: words[1], Service: words[2], Text: rest, Constraint: constraint(rest), Range: at})
		case "provides":
			m.Provides = append(m.Provides, Service{Name: words[1], Version: numbered(words[2])})
		case "coexist":
			m.Coexist = true
		case "platforms":
			m.Platforms = words[1:]
		case "recipe":
			rest := strings.Join(words[1:], " ")
			m.Recipe = &Recipe{Text: rest, Constraint: constraint(rest), Range: at}
		default:
			m = &Manifest{Name: words[0], Version: numbered(words[1]), Origin: "library"}
			if strings.HasPrefix(m.Name, "./") {
				m.Origin, m.Name = m.Name, "acme/"+m.Name[2:]
			}
			b[words[0]] = append(b[words[0]], m)
		}
	})
	for _, versions := range b {
		slices.SortFunc(versions, func(a, b *Manifest) int { return b.Version.Compare(*a.Version) })
	}
	return b
}

// using reads the line of a need for a plugin.
func using(words []string, at hcl.Range) Dependency {
	d := Dependency{Package: words[1], Text: strings.Join(words[2:], " "), Range: at}
	if d.Text != "" {
		d.Constraint = constraint(d.Text)
	}
	return d
}

func stackOf(text []byte, library box) *Wanted {
	var roots []Root
	w := &Wanted{Exclude: map[string]hcl.Range{}, Locked: map[string][]string{}, Taken: map[string]string{}, Given: map[string]bool{},
		Platform: "linux/amd64", Recipe: numbered("0.3.0"), Protocol: 1}
	lines("stack.hcl", text, func(words []string, at hcl.Range) {
		switch words[0] {
		case "exclude":
			w.Exclude[words[1]] = at
			return
		case "taken":
			w.Taken[words[1]] = words[2]
			return
		case "prefer":
			w.Prefer = append(w.Prefer, words[1])
			return
		case "uses":
			w.Uses = append(w.Uses, using(words, at))
			return
		case "given":
			w.Given[words[1]] = true
			return
		case "locked":
			w.Locked[words[1]] = append(w.Locked[words[1]], words[2])
			return
		}
		name := componentOf(words[0])
		if words[1] == "bind" {
			own := slices.IndexFunc(roots, func(r Root) bool { return r.Component == name })
			roots[own].Binds[words[2]] = Bind{To: componentOf(words[3]), Range: at}
			return
		}
		rest := strings.Join(words[2:], " ")
		r := Root{Component: name, Package: words[1], Text: rest, Range: at, NameRange: at, Binds: map[string]Bind{}}
		if rest != "" {
			r.Constraint = constraint(rest)
		}
		if strings.HasPrefix(words[1], "./") {
			r.Manifest = library[words[1]][0]
		}
		roots = append(roots, r)
	})
	w.Roots = roots
	return w
}

func componentOf(text string) addr.Component {
	kind, name, _ := strings.Cut(text, ".")
	k, ok := addr.ParseKind(kind)
	if !ok {
		panic(text)
	}
	return addr.Component{Kind: k, Name: name}
}
