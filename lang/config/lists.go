package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/pattern"
)

// texts reads a list of strings that is written out, each with its place; nil without one.
func (l *loader) texts(a *hcl.Attribute) []Named {
	if a == nil {
		return nil
	}
	items, diags := hcl.ExprList(a.Expr)
	if diags.HasErrors() {
		l.fault(a.Expr.Range().Ptr(), "Not a list", "%q must be a list of strings, written out: [\"…\"].", a.Name)
		return nil
	}
	list := make([]Named, 0, len(items))
	for _, item := range items {
		text := l.text(&hcl.Attribute{Name: a.Name, Expr: item, Range: item.Range()})
		if text != "" {
			list = append(list, Named{text, item.Range()})
		}
	}
	return list
}

// packageNames reads a list of names of packages.
func (l *loader) packageNames(a *hcl.Attribute) []Named {
	list := l.texts(a)
	for _, n := range list {
		l.packageName(n.Name, n.Range)
	}
	return list
}

var platform = pattern.New(`^[a-z0-9]+/[a-z0-9]+$`)

// platforms reads a list such as ["linux/amd64", "darwin/arm64"]. An empty one would say that it runs nowhere.
func (l *loader) platforms(a *hcl.Attribute) []string {
	if items, diags := hcl.ExprList(a.Expr); !diags.HasErrors() && len(items) == 0 {
		l.fault(a.Expr.Range().Ptr(), "No platform", `Name the platforms that it runs on, such as ["linux/amd64"]. Without this line it is for all of them.`)
	}
	var list []string
	for _, n := range l.texts(a) {
		switch {
		case !platform.MatchString(n.Name):
			l.fault(&n.Range, "Wrong platform", `%q is not a platform such as "linux/amd64" or "darwin/arm64".`, n.Name)
		case slices.Contains(list, n.Name):
			l.fault(&n.Range, "Platform said twice", "%s is in the list already. Remove one of the two.", n.Name)
		}
		list = append(list, n.Name)
	}
	return list
}

// coexist reads which versions of a package may be in one stack; "major" is all there is.
func (l *loader) coexist(a *hcl.Attribute) bool {
	text := l.text(a)
	if text != "" && text != "major" {
		l.fault(a.Expr.Range().Ptr(), "Wrong value", `coexist can only be "major": versions of different majors may be in one stack.`)
	}
	return text == "major"
}
