package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/nsynapse/recipe/providers/sdk/typed"
)

// page knows its size beforehand, and how much ink it takes only when it is written. What is in ink does not get shorter.
type page struct {
	Path string `cty:"path" recipe:"required,replace" doc:"Its file."`
	Text string `cty:"text" recipe:"required" doc:"What is on it."`
	Seal string `cty:"seal" recipe:"sensitive" doc:"A secret."`
	Size int    `cty:"size" recipe:"computed" doc:"How long it is."`
	Ink  string `cty:"ink" recipe:"computed" doc:"How much of it was needed."`
}

func pages(name string) typed.Definition {
	return typed.Type[page]{Name: name, Description: "A page.", Read: readPage, Make: writePage, Remove: removePage, Plan: planPage}
}

func planPage(_ context.Context, p *typed.Prospect[page]) error {
	switch p.Wanted.Text {
	case "crash":
		os.Exit(7)
	case "panic":
		panic("the ink is dry")
	case "hang":
		select {}
	case "tell":
		return typed.At("text", errors.New("my seal is "+p.Wanted.Seal))
	}
	if p.Knows("text") {
		p.Wanted.Size = len(p.Wanted.Text)
		p.Settle("size")
		if p.Before != nil && p.Wanted.Size < p.Before.Size {
			p.Replace("text")
		}
	}
	if p.Before != nil {
		p.Reason = "it is written over with " + p.Wanted.Text
	}
	return nil
}

func readPage(_ context.Context, known page) (*page, error) {
	text, err := os.ReadFile(known.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	known.Text, known.Size, known.Ink = string(text), len(text), ink(text)
	return &known, err
}

func ink(text []byte) string { return fmt.Sprintf("%d drops", len(text)) }

func writePage(_ context.Context, c typed.Change[page]) (*page, error) {
	if err := os.WriteFile(c.Wanted.Path, []byte(c.Wanted.Text), 0o600); err != nil {
		return nil, err
	}
	c.Report.Logf("a page of %d letters, as planned", c.Wanted.Size)
	c.Wanted.Ink = ink([]byte(c.Wanted.Text))
	if c.Wanted.Text == "nine lies" {
		c.Wanted.Size = 1000
	}
	return &c.Wanted, nil
}

func removePage(_ context.Context, c typed.Removal[page]) error {
	if err := os.Remove(c.Thing.Path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
