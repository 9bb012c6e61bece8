package solve

import (
	"fmt"
	"strings"
)

// serves reports whether m provides the service of r in a version that fits, and else the version it has, "" for none.
func (m *Manifest) serves(r *Requirement) (fits bool, version string) {
	for _, p := range m.Provides {
		if p.Name != r.Service {
			continue
		}
		if r.Constraint == nil || r.Constraint.Allows(*p.Version) {
			return true, p.Version.String()
		}
		version = p.Version.String()
	}
	return false, version
}

// services lists what m provides, for people.
func (m *Manifest) services() string {
	var names []string
	for _, p := range m.Provides {
		names = append(names, p.Name+" "+p.Version.String())
	}
	return orNothing(names)
}

// requirements lists what m calls its requirements, for people.
func (m *Manifest) requirements() string {
	var names []string
	for _, r := range m.Requires {
		names = append(names, fmt.Sprintf("%q", r.Name))
	}
	return orNothing(names)
}

func orNothing(names []string) string {
	if names == nil {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// constraintText quotes a constraint, with a space before it; "" for none.
func constraintText(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf(" %q", text)
}
