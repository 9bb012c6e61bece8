package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/nsynapse/recipe/lang/diag"
)

// maxName bounds names: they become directory names, and socket paths below them must stay short.
const maxName = 63

// isName reports whether s names a component, a process and the like: lower case letters, digits, - and _, with a
// letter or digit first. Such a name is a safe file name everywhere.
func isName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || isDigit(c) || i > 0 && (c == '-' || c == '_') {
			continue
		}
		return false
	}
	return true
}

// name checks the name of a block.
func (l *loader) name(what, s string, rng hcl.Range) bool {
	if isName(s) {
		return true
	}
	l.fault(&rng, "Wrong name", "%q cannot be the name of this %s: a name has lower case letters, digits, - and _, begins with a letter or digit and has at most %d characters.", s, what, maxName)
	return false
}

// identifier checks a name that expressions use after a dot, such as var.NAME.
func (l *loader) identifier(what, s string, rng hcl.Range) bool {
	if len(s) <= maxName && hclsyntax.ValidIdentifier(s) {
		return true
	}
	l.fault(&rng, "Wrong name", "%q cannot name %s: a name begins with a letter, goes on with letters, digits, - and _, and has at most %d characters.", s, what, maxName)
	return false
}

// isPackageName reports whether s is "name" or "namespace/name".
func isPackageName(s string) bool {
	namespace, name, found := strings.Cut(s, "/")
	if !found {
		return isPackagePart(s)
	}
	return isPackagePart(namespace) && isPackagePart(name)
}

func isPackagePart(s string) bool {
	return isName(strings.ReplaceAll(s, ".", "_")) && !strings.HasPrefix(s, ".")
}

func (l *loader) packageName(s string, rng hcl.Range) bool {
	if isPackageName(s) {
		return true
	}
	l.fault(&rng, "Wrong package name", `%q is not the name of a package: it looks like "postgresql" or "acme/shop", in lower case letters, digits, dots, - and _.`, s)
	return false
}

// serviceName checks the name of a service, which has the form of a package name.
func (l *loader) serviceName(s string, rng hcl.Range) bool {
	if isPackageName(s) {
		return true
	}
	l.fault(&rng, "Wrong service name", `%q is not the name of a service: it looks like "sql" or "acme/pricing".`, s)
	return false
}

func didYouMean(name string, candidates []string) string { return diag.DidYouMean(name, candidates) }
