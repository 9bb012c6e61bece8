package sdk

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// Severity tells an error from a warning.
type Severity uint8

const (
	Error   Severity = iota // the call failed
	Warning                 // the call succeeded, and the user should know something
)

// Diagnostic is one thing that a provider has to say to the user.
type Diagnostic struct {
	Severity Severity
	Summary  string   // one line, without the address: the engine adds it
	Detail   string   // what happened and the way out; may have several lines
	Path     cty.Path // the attribute it is about; nil for the whole resource
}

// Text is the summary with the rest, and before that the attribute that it is about.
func (d *Diagnostic) Text() string {
	if rest := d.Rest(); rest != "" {
		return d.Summary + ": " + rest
	}
	return d.Summary
}

// Rest is what there is to say beside the summary: the attribute that it is about, and the detail. "" if there is nothing.
func (d *Diagnostic) Rest() string {
	at := PathText(d.Path)
	if at != "" && d.Detail != "" {
		at += ": "
	}
	return at + d.Detail
}

// PathText is a path as people write it: subject[0].names["a"].
func PathText(path cty.Path) string {
	var b strings.Builder
	for _, step := range path {
		switch s := step.(type) {
		case cty.GetAttrStep:
			b.WriteString("." + s.Name)
		case cty.IndexStep:
			switch key := s.Key; {
			case !key.IsKnown() || key.IsNull():
				b.WriteString("[…]")
			case key.Type() == cty.String:
				fmt.Fprintf(&b, "[%q]", key.AsString())
			case key.Type() == cty.Number:
				b.WriteString("[" + key.AsBigFloat().Text('f', -1) + "]")
			default:
				b.WriteString("[…]") // of a set
			}
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}

// Diagnostics is what a call has to say; nil or only warnings means success.
type Diagnostics []Diagnostic

// HasErrors reports whether the call failed.
func (d Diagnostics) HasErrors() bool {
	for i := range d {
		if d[i].Severity == Error {
			return true
		}
	}
	return false
}

// Err returns the errors among d as one error, or nil.
func (d Diagnostics) Err() error {
	var texts []string
	for i := range d {
		if d[i].Severity != Error {
			continue
		}
		texts = append(texts, d[i].Text())
	}
	if texts == nil {
		return nil
	}
	return errors.New(strings.Join(texts, "; "))
}

// Errorf returns diagnostics with one error; its detail is made from format and args.
func Errorf(summary, format string, args ...any) Diagnostics {
	return Diagnostics{{Summary: summary, Detail: fmt.Sprintf(format, args...)}}
}

// Warningf returns diagnostics with one warning; its detail is made from format and args.
func Warningf(summary, format string, args ...any) Diagnostics {
	return Diagnostics{{Severity: Warning, Summary: summary, Detail: fmt.Sprintf(format, args...)}}
}
