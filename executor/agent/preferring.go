package agent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/registry/library"
)

// unknownPackages warns of what a stack prefers or excludes and no package is called. Names with a namespace are believed when the
// stack has registries: these are asked only about what is needed. local are the packages of the user's own directories.
func unknownPackages(source *library.Source, s *config.Stack, local map[string]*library.Package) hcl.Diagnostics {
	known := source.Names()
	for _, p := range local {
		known = append(known, p.Manifest.Name)
	}
	var diags hcl.Diagnostics
	warn := func(names []config.Named, what string) {
		for _, n := range names {
			if slices.Contains(known, n.Name) || len(s.Registries) > 0 && strings.Contains(n.Name, "/") {
				continue
			}
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Unknown package", Subject: n.Range.Ptr(),
				Detail: fmt.Sprintf("There is no package %q, so %s it changes nothing.%s", n.Name, what, source.Suggest(n.Name))})
		}
	}
	warn(s.Prefer, "preferring")
	warn(s.Exclude, "excluding")
	return diags
}
