package terraform

import (
	"fmt"
	"strings"

	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// Bounds of what a provider says in one answer.
const (
	maxDiagnostics = 100
	maxSummary     = 500
	maxDetail      = 8 << 10
)

// diagnosed is what a provider says, in bounds. The place it is about stands before the detail.
func diagnosed(all []*tfplugin6.Diagnostic) sdk.Diagnostics {
	var diags sdk.Diagnostics
	for i, m := range all {
		if i == maxDiagnostics {
			return append(diags, sdk.Diagnostic{Severity: sdk.Warning, Summary: fmt.Sprintf("%d more of these are left out", len(all)-i)})
		}
		d := sdk.Diagnostic{Summary: wire.Text(m.GetSummary(), maxSummary), Detail: wire.Text(m.GetDetail(), maxDetail)}
		if m.GetSeverity() == tfplugin6.Diagnostic_WARNING {
			d.Severity = sdk.Warning
		}
		if at := place(m.GetAttribute()); at != "" {
			d.Detail = strings.TrimSpace(at + ": " + d.Detail)
		}
		diags = append(diags, d)
	}
	return diags
}

// place is a path as people write it: subject[0].common_name.
func place(path *tfplugin6.AttributePath) string {
	var b strings.Builder
	for _, step := range path.GetSteps() {
		switch s := step.GetSelector().(type) {
		case *tfplugin6.AttributePath_Step_AttributeName:
			b.WriteString("." + wire.Text(s.AttributeName, maxSummary))
		case *tfplugin6.AttributePath_Step_ElementKeyString:
			fmt.Fprintf(&b, "[%q]", wire.Text(s.ElementKeyString, maxSummary))
		case *tfplugin6.AttributePath_Step_ElementKeyInt:
			fmt.Fprintf(&b, "[%d]", s.ElementKeyInt)
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}
