package solve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/planner/pubgrub"
)

// limit states that a version of a package cannot be here: the stack excludes the package, or it is for other platforms
// or another recipe. The version that the lock has is preferred.
func (m *model) limit(s *shelf, v pubgrub.Version, by *Manifest) {
	if slices.Contains(m.wanted.Locked[s.name], by.Version.String()) {
		m.nodes[s.node].preferred = v
	}
	refuse := func(at *hcl.Range, format string, args ...any) {
		m.state(fact{at: at, tell: func() string { return fmt.Sprintf(format, args...) }, change: "take something else than " + s.name}, is(s.node, v))
	}
	if at, excluded := m.wanted.Exclude[s.name]; excluded {
		refuse(at.Ptr(), "The stack excludes %s%s", s.name, where(at))
	}
	if by.Platforms != nil && m.wanted.Platform != "" && !slices.Contains(by.Platforms, m.wanted.Platform) {
		refuse(nil, "%s %s is for %s, and this is %s", by.Name, by.Version, enumerate(by.Platforms), m.wanted.Platform)
	}
	if r := by.Recipe; r != nil && m.wanted.Recipe != nil && !r.Constraint.Allows(m.wanted.Recipe.Release()) {
		refuse(r.Range.Ptr(), "%s %s needs recipe%s%s, and this is recipe %s", by.Name, by.Version, constraintText(r.Text), where(r.Range), m.wanted.Recipe)
	}
	if ours := m.wanted.Protocol; by.Protocols != nil && ours != 0 && !slices.Contains(by.Protocols, ours) {
		refuse(nil, "%s %s speaks the protocol of plugins in version %s, and this recipe in version %d", by.Name, by.Version, numbers(by.Protocols), ours)
	}
}

// numbers lists numbers for people.
func numbers(list []int) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(list)), ", "), "[]")
}
