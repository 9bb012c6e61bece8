package wire

import (
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Bounds of what a plugin may say at once, in bytes and pieces.
const (
	maxDiagnostics = 100
	maxSummary     = 1 << 10
	maxDetail      = 64 << 10
	maxReason      = 200
)

// FromDiagnostics makes messages of diagnostics.
func FromDiagnostics(d sdk.Diagnostics) []*protocol.Diagnostic {
	var list []*protocol.Diagnostic
	for i := range d {
		m := &protocol.Diagnostic{Summary: Text(d[i].Summary, maxSummary), Detail: Text(d[i].Detail, maxDetail), Path: fromPath(d[i].Path)}
		if d[i].Severity == sdk.Warning {
			m.Severity = protocol.Diagnostic_WARNING
		}
		list = append(list, m)
	}
	return list
}

func fromPath(path cty.Path) []*protocol.Step {
	var steps []*protocol.Step
	for _, step := range path {
		switch s := step.(type) {
		case cty.GetAttrStep:
			steps = append(steps, &protocol.Step{To: &protocol.Step_Attribute{Attribute: s.Name}})
		case cty.IndexStep:
			if s.Key.Type() == cty.String {
				steps = append(steps, &protocol.Step{To: &protocol.Step_Key{Key: s.Key.AsString()}})
				continue
			}
			index, _ := s.Key.AsBigFloat().Int64()
			steps = append(steps, &protocol.Step{To: &protocol.Step_Index{Index: index}})
		}
	}
	return steps
}

// ToDiagnostics reads diagnostics; what is too long is cut. A severity that is not known is an error.
func ToDiagnostics(list []*protocol.Diagnostic) sdk.Diagnostics {
	var d sdk.Diagnostics
	for _, m := range list[:min(len(list), maxDiagnostics)] {
		said := sdk.Diagnostic{Summary: Text(m.GetSummary(), maxSummary), Detail: Text(m.GetDetail(), maxDetail), Path: toPath(m.GetPath())}
		if said.Summary == "" {
			said.Summary = "the plugin does not say what is wrong"
		}
		if m.GetSeverity() == protocol.Diagnostic_WARNING {
			said.Severity = sdk.Warning
		}
		d = append(d, said)
	}
	return d
}

func toPath(steps []*protocol.Step) cty.Path {
	var path cty.Path
	for _, step := range steps[:min(len(steps), maxDepth)] {
		switch to := step.GetTo().(type) {
		case *protocol.Step_Attribute:
			path = path.GetAttr(Text(to.Attribute, maxSummary))
		case *protocol.Step_Key:
			path = path.IndexString(Text(to.Key, maxSummary))
		case *protocol.Step_Index:
			path = path.IndexInt(int(to.Index))
		}
	}
	return path
}

// Reason is s as it may be shown in the line of a plan.
func Reason(s string) string { return strings.Join(strings.Fields(Text(s, maxReason)), " ") }

// Text is s as it may be shown: of at most max bytes, valid, and without what controls a terminal.
func Text(s string, max int) string {
	if len(s) > max {
		for max > 0 && !utf8.RuneStart(s[max]) {
			max--
		}
		s = s[:max] + " …"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}
