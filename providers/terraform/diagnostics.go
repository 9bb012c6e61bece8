package terraform

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// Bounds of what a provider says in one answer.
const (
	maxDiagnostics = 100
	maxSummary     = 500
	maxDetail      = 8 << 10
	maxSteps       = 64
)

// diagnosed is what a provider says, in bounds.
func diagnosed(all []*tfplugin6.Diagnostic) sdk.Diagnostics {
	var diags sdk.Diagnostics
	for i, m := range all {
		if i == maxDiagnostics {
			return append(diags, sdk.Diagnostic{Severity: sdk.Warning, Summary: fmt.Sprintf("%d more of these are left out", len(all)-i)})
		}
		d := sdk.Diagnostic{Summary: wire.Text(m.GetSummary(), maxSummary), Detail: wire.Text(m.GetDetail(), maxDetail), Path: place(m.GetAttribute())}
		if m.GetSeverity() == tfplugin6.Diagnostic_WARNING {
			d.Severity = sdk.Warning
		}
		diags = append(diags, d)
	}
	return diags
}

// place is a path in our words, of at most maxSteps.
func place(path *tfplugin6.AttributePath) (to cty.Path) {
	steps := path.GetSteps()
	for _, step := range steps[:min(len(steps), maxSteps)] {
		switch s := step.GetSelector().(type) {
		case *tfplugin6.AttributePath_Step_AttributeName:
			to = to.GetAttr(wire.Text(s.AttributeName, maxSummary))
		case *tfplugin6.AttributePath_Step_ElementKeyString:
			to = to.IndexString(wire.Text(s.ElementKeyString, maxSummary))
		case *tfplugin6.AttributePath_Step_ElementKeyInt:
			to = to.IndexInt(int(s.ElementKeyInt))
		}
	}
	return to
}
