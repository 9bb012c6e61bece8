package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// A fitting says how rows become narrower. The first of them has the headings, and all have as many cells.
type fitting struct {
	rows  [][]string
	tail  int      // how many cells at the end may stand below their row instead, each behind its heading in small letters
	alike []string // columns that may go where all cells are the same, which is then said once
	spare []string // columns that may go, the first ones first
}

// print lays the rows out for the terminal. What is no terminal gets all of them, as wide as they are.
func (c *cli) print(f fitting) error {
	text, err := f.text(c.width())
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(c.stdout, text)
	return err
}

// text is the rows on so many columns, 0 for as many as they need.
func (f fitting) text(width int) (string, error) {
	shown, below, left := f.rows, false, []string(nil)
	if width > 0 {
		shown, below, left = f.fit(width)
	}
	var table, text bytes.Buffer
	w := newTable(&table)
	for _, cells := range shown {
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	if err := w.Flush(); err != nil {
		return "", err
	}
	row := 0
	for line := range bytes.Lines(table.Bytes()) {
		text.Write(line)
		if below && row > 0 {
			text.WriteString(f.below(row, width))
		}
		row++
	}
	if left != nil {
		text.WriteString(ansi.Wordwrap("Left out, as the terminal is narrow: "+strings.Join(left, ", ")+".", width, "") + "\n")
	}
	return text.String(), nil
}

// fit returns the rows as they are on so many columns, whether their tails stand below, and what was left out. Without room
// for the smallest that there is, it returns that.
func (f fitting) fit(width int) (shown [][]string, below bool, left []string) {
	for _, below = range []bool{false, true} {
		shown, left = f.rows, nil
		if below {
			shown = mapRows(shown, func(cells []string) []string { return cells[:len(cells)-f.tail] })
		}
		without := func(name, as string) {
			at := slices.Index(shown[0], name)
			shown = mapRows(shown, func(cells []string) []string { return slices.Concat(cells[:at], cells[at+1:]) })
			left = append(left, as)
		}
		for _, name := range f.alike {
			if widthOf(shown) <= width {
				return shown, below, left
			}
			if value, ok := same(shown, name); ok {
				without(name, name+" "+value)
			}
		}
		for _, name := range f.spare {
			if widthOf(shown) <= width {
				return shown, below, left
			}
			if below && slices.Contains(shown[0], name) {
				without(name, name)
			}
		}
		if widthOf(shown) <= width {
			break
		}
	}
	return shown, below, left
}

// below is the tail of a row in lines of its own, "" if it is empty.
func (f fitting) below(row, width int) string {
	var parts []string
	from := len(f.rows[0]) - f.tail
	for i, cell := range f.rows[row][from:] {
		if cell != "" {
			parts = append(parts, strings.TrimSpace(strings.ToLower(f.rows[0][from+i])+" "+cell))
		}
	}
	if parts == nil {
		return ""
	}
	text := ansi.Wordwrap(strings.Join(parts, ", "), max(1, width-2), "")
	return "  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n"
}

// same returns what all cells of a column are.
func same(rows [][]string, name string) (value string, ok bool) {
	at := slices.Index(rows[0], name)
	if at < 0 || len(rows) < 2 {
		return "", false
	}
	value = rows[1][at]
	return value, !slices.ContainsFunc(rows[1:], func(cells []string) bool { return cells[at] != value })
}

func mapRows(rows [][]string, f func(cells []string) []string) [][]string {
	mapped := make([][]string, len(rows))
	for i, cells := range rows {
		mapped[i] = f(cells)
	}
	return mapped
}

// widthOf is how wide the rows are as a table.
func widthOf(rows [][]string) (width int) {
	columns := make([]int, len(rows[0]))
	for _, cells := range rows {
		for i, cell := range cells {
			columns[i] = max(columns[i], utf8.RuneCountInString(cell))
		}
	}
	for _, cells := range rows {
		row, end := 0, 0
		for i, cell := range cells {
			if cell != "" {
				end = row + utf8.RuneCountInString(cell)
			}
			row += columns[i] + 2
		}
		width = max(width, end)
	}
	return width
}
