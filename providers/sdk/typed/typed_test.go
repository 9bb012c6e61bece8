package typed_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
	"github.com/nsynapse/recipe/providers/sdk/typed"
)

// letter is a type with every kind of field.
type letter struct {
	Path   string         `cty:"path" recipe:"required,replace" doc:"Its file."`
	Lines  []string       `cty:"lines" recipe:"required" doc:"What it says."`
	Marks  map[string]int `cty:"marks" doc:"Ratings."`
	Seal   string         `cty:"seal" recipe:"sensitive" doc:"A secret."`
	Mode   string         `cty:"mode" default:"0600" doc:"Its permissions."`
	Copies int            `cty:"copies" default:"2" doc:"How often it is written."`
	Note   *string        `cty:"note" doc:"Anything."`
	Size   int            `cty:"size" recipe:"computed" doc:"How long it is."`
	From   struct {
		Name string `cty:"name"`
	} `cty:"from" doc:"Who wrote it."`
}

func letters() typed.Type[letter] {
	return typed.Type[letter]{
		Name: "letter", Description: "A letter.",
		Read: func(_ context.Context, known letter) (*letter, error) {
			text, err := os.ReadFile(known.Path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil, nil
			}
			known.Lines, known.Size = strings.Split(string(text), "\n"), len(text)
			return &known, err
		},
		Make: func(_ context.Context, c typed.Change[letter]) (*letter, error) {
			if c.Wanted.Lines[0] == "Dear nobody" {
				return nil, fmt.Errorf("nobody lives here")
			}
			text := strings.Join(c.Wanted.Lines, "\n")
			c.Report.Logf("writing %d bytes", len(text))
			c.Wanted.Size = len(text)
			return &c.Wanted, os.WriteFile(c.Wanted.Path, []byte(text), 0o600)
		},
		Remove: func(_ context.Context, c typed.Removal[letter]) error {
			if err := os.Remove(c.Thing.Path); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		},
	}
}

// A type made of a struct keeps all promises, also through the protocol.
func TestConformance(t *testing.T) {
	plugintest.Run(t, sdktest.Suite{Provider: typed.Provider(letters()), Type: "letter", Cases: []sdktest.Case{{Name: "letter", New: func(t *testing.T) sdktest.Thing {
		path := filepath.Join(t.TempDir(), "letter")
		set := func(line string) sdktest.Values {
			return sdktest.Values{"path": cty.StringVal(path), "lines": cty.ListVal([]cty.Value{cty.StringVal(line), cty.StringVal("Yours")}),
				"seal": cty.StringVal("wax and feathers")}
		}
		full := set("Dear all")
		full["marks"] = cty.MapVal(map[string]cty.Value{"a": cty.NumberIntVal(1)})
		full["note"] = cty.StringVal("")
		full["copies"] = cty.Zero
		full["from"] = cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("me")})
		return sdktest.Thing{
			Create: set("Dear friend"), Updates: []sdktest.Values{full, set("Dear foe")}, Wrong: []sdktest.Values{set("Dear nobody")},
			Observe: func() any { text, _ := os.ReadFile(path); return string(text) },
			Damage:  func() { _ = os.Remove(path) },
		}
	}}}})
}

// The tags are the schema.
func TestSchema(t *testing.T) {
	all := typed.Provider(letters()).Schema().Types["letter"].Attributes
	if a := all["path"]; !a.Required || !a.Replace || a.Type != cty.String || a.Description != "Its file." {
		t.Errorf("path is %+v", a)
	}
	if !all["seal"].Sensitive || !all["size"].Computed || !all["copies"].Default.RawEquals(cty.NumberIntVal(2)) || all["mode"].Default.AsString() != "0600" {
		t.Errorf("the attributes are %+v", all)
	}
}

// What cannot be a type is said when the program starts.
func TestMistakes(t *testing.T) {
	type untagged struct{ Name string }
	type misspelt struct {
		Name string `cty:"name" recipe:"compulsory"`
	}
	type wrong struct {
		Count int `cty:"count" default:"many"`
	}
	for want, make := range map[string]func(){
		"no tag cty":   func() { typed.Provider(typed.Type[untagged]{Name: "x"}) },
		"compulsory":   func() { typed.Provider(typed.Type[misspelt]{Name: "x"}) },
		"its default":  func() { typed.Provider(typed.Type[wrong]{Name: "x"}) },
		"is no struct": func() { typed.Provider(typed.Type[string]{Name: "x"}) },
		"needs Read":   func() { typed.Provider(typed.Type[struct{}]{Name: "x"}) },
		"there twice":  func() { typed.Provider(letters(), letters()) },
	} {
		if got := panicOf(make); !strings.Contains(got, want) {
			t.Errorf("it panics with %q, not %q", got, want)
		}
	}
}

func panicOf(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}
