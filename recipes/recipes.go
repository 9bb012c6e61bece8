// Package recipes is the library in the box: the packages that are found when neither the stack nor a registry has
// one, so that a stack runs with nothing prepared.
package recipes

import "embed"

// FS holds one directory per package, named like it: "postgresql/recipe.hcl" and the payload files beside it. It is
// read only and may be used by several goroutines.
//
//go:embed bus postgresql redis
var FS embed.FS
