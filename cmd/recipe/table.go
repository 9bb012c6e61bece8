package main

import (
	"bytes"
	"io"
	"text/tabwriter"
)

// A table lays out lines whose cells end with tabs below each other. Its last cells are not filled up with blanks.
type table struct {
	*tabwriter.Writer
	lines bytes.Buffer
	out   io.Writer
}

func newTable(out io.Writer) *table {
	t := &table{out: out}
	t.Writer = tabwriter.NewWriter(&t.lines, 0, 0, 2, ' ', 0)
	return t
}

// Flush writes the table; nothing of it is written before.
func (t *table) Flush() error {
	if err := t.Writer.Flush(); err != nil {
		return err
	}
	for line := range bytes.Lines(t.lines.Bytes()) {
		if _, err := t.out.Write(append(bytes.TrimRight(line, " \n"), '\n')); err != nil {
			return err
		}
	}
	return nil
}
