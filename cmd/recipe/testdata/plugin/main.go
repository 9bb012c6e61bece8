// Command plugin is the plugin of the scripts: it supplies notes, which are small files. What is in a note may be more than
// the plugin can bear. There are a hundred types of them, all alike, whose names begin with
// PLUGIN_PREFIX, "demo" without. Pages are notes that plan for themselves. With PLUGIN_LATER it is a later version.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/nsynapse/recipe/providers/plugin"
	"github.com/nsynapse/recipe/providers/sdk/typed"
)

type note struct {
	Path string `cty:"path" recipe:"required,replace" doc:"Its file."`
	Text string `cty:"text" recipe:"required" doc:"What is in it."`
	Name string `cty:"name" doc:"Anything; the engine does not meddle with it."`
	Seal string `cty:"seal" recipe:"sensitive" doc:"A secret."`
	Copy string `cty:"copy" recipe:"computed" doc:"The text again: the plugin cannot know that it is a secret."`
	Size int    `cty:"size" recipe:"computed" doc:"How long it is."`
}

func main() {
	prefix := cmp.Or(os.Getenv("PLUGIN_PREFIX"), "demo")
	types := []typed.Definition{notes(prefix + "_note")}
	for i := range 99 {
		types = append(types, notes(fmt.Sprintf("%s_note_%d", prefix, i+1)))
	}
	if later := os.Getenv("PLUGIN_LATER"); later != "" {
		plugin.Serve(typed.Provider(laterNotes(prefix+"_note", later)))
		return
	}
	plugin.Serve(typed.Provider(append(types, pages(prefix+"_page"))...))
}

func notes(name string) typed.Definition {
	return typed.Type[note]{Name: name, Description: "A note.", Read: read, Make: write, Remove: remove}
}

func read(_ context.Context, known note) (*note, error) {
	text, err := os.ReadFile(known.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	known.Text, known.Copy, known.Size = string(text), "It says: "+string(text), len(text)
	return &known, err
}

func write(_ context.Context, c typed.Change[note]) (*note, error) {
	c.Report.Logf("the seal of this note is %s", c.Wanted.Seal)
	fmt.Fprintf(os.Stderr, "sealing %q with %q\n", c.Wanted.Text, c.Wanted.Seal)
	if err := os.WriteFile(c.Wanted.Path, []byte(c.Wanted.Text), 0o600); err != nil {
		return nil, err
	}
	switch c.Wanted.Text {
	case "crash":
		os.Exit(7)
	case "hang":
		select {}
	case "tell":
		return &c.Wanted, typed.At("seal", errors.New("my seal is "+c.Wanted.Seal))
	}
	c.Wanted.Copy, c.Wanted.Size = "It says: "+c.Wanted.Text, len(c.Wanted.Text)
	return &c.Wanted, nil
}

func remove(_ context.Context, c typed.Removal[note]) error {
	if err := os.Remove(c.Thing.Path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
