// Package metrics writes figures in the text format of Prometheus, version 0.0.4: for each family a line HELP and a line TYPE,
// then its samples, NAME{LABEL="VALUE",…} NUMBER.
package metrics

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ContentType is that of the text.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// The kinds of a family.
const (
	Counter   = "counter"
	Gauge     = "gauge"
	Histogram = "histogram"
)

// A Writer collects families, one after the other. Its zero value is empty.
type Writer struct {
	text bytes.Buffer
	name string
}

// Family begins one. What follows belongs to it.
func (w *Writer) Family(name, kind, help string) {
	w.name = name
	fmt.Fprintf(&w.text, "# HELP %s %s\n# TYPE %s %s\n", name, strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(help), name, kind)
}

// Labels are pairs of name and value.
type Labels []string

// With returns the labels with more at their end.
func (l Labels) With(pairs ...string) Labels { return append(l[:len(l):len(l)], pairs...) }

// Sample adds one number.
func (w *Writer) Sample(value float64, labels Labels) { w.sample("", value, labels) }

func (w *Writer) sample(suffix string, value float64, labels Labels) {
	w.text.WriteString(w.name + suffix)
	for i := 0; i+1 < len(labels); i += 2 {
		open := ","
		if i == 0 {
			open = "{"
		}
		w.text.WriteString(open)
		w.text.WriteString(labels[i] + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(labels[i+1]) + `"`)
	}
	if len(labels) > 1 {
		w.text.WriteByte('}')
	}
	w.text.WriteString(" " + number(value) + "\n")
}

// Distribution adds a histogram. counts are those of each bucket by itself, bounds the upper ones of all but the last, which has
// the rest. Of what was counted no sum is known, so none is written.
func (w *Writer) Distribution(bounds []float64, counts []uint64, labels Labels) {
	var sum uint64
	for i, n := range counts {
		sum += n
		bound := math.Inf(1)
		if i < len(bounds) {
			bound = bounds[i]
		}
		w.sample("_bucket", float64(sum), labels.With("le", number(bound)))
	}
	w.sample("_count", float64(sum), labels)
}

func number(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// Bytes returns the text.
func (w *Writer) Bytes() []byte { return w.text.Bytes() }
