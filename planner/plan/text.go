package plan

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/nsynapse/recipe/lang/addr"
)

// TextOptions change how a plan is printed; the zero value is plain and short.
type TextOptions struct {
	Color   bool
	Verbose bool // every resource on a line of its own
}

// maxGroups is how many components a plan lists before it only counts the rest.
const maxGroups = 100

// Write prints a plan for people: what happens to each component and why, what is lost, in which order, and how much
// it is in all.
func Write(w io.Writer, p *Plan, o TextOptions) error {
	b := bufio.NewWriter(w)
	t := text{Writer: b, plan: p, TextOptions: o}
	t.all()
	return b.Flush()
}

type text struct {
	*bufio.Writer
	plan *Plan
	TextOptions
}

func (t *text) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

// look is how an action is shown.
type look struct{ sign, color, word string }

var looks = map[Action]look{
	Create:  {"+", "32", "create"},
	Update:  {"~", "33", "update"},
	Restart: {"!", "33", "restart"},
	Replace: {"±", "31", "replace"},
	Remove:  {"-", "31", "remove"},
	Forget:  {"-", "31", "forget"},
}

// actions is the order of the summary.
var actions = []Action{Create, Update, Restart, Replace, Remove, Forget}

func (t *text) dye(color, s string) string {
	if !t.Color {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

func (t *text) faint(s string) string { return t.dye("2", s) }

func (t *text) all() {
	if t.plan.Empty() {
		t.line("No changes. The stack %s is as it should be (%s).", t.plan.Stack, count(t.plan.Kept, "resource"))
		return
	}
	if t.plan.Destroy {
		t.line("This takes down the stack %s:", t.plan.Stack)
	} else {
		t.line("This will happen to the stack %s (generation %d):", t.plan.Stack, t.plan.Generation)
	}
	t.line("")
	groups := t.groups()
	for i, g := range groups {
		if i == maxGroups && !t.Verbose {
			t.line("  … and %s; -verbose lists them all", count(len(groups)-i, "more component"))
			break
		}
		t.group(g)
	}
	t.bindings(groups)
	t.outputs()
	t.order()
	t.losses()
	t.line("")
	t.line("%s", t.summary())
}

// group is what happens to one component or package.
type group struct {
	of      addr.Component
	changes []*Change
}

func (t *text) groups() []group {
	at := map[addr.Component]int{}
	var groups []group
	for i := range t.plan.Changes {
		c := &t.plan.Changes[i]
		if !c.Does() {
			continue
		}
		n, ok := at[c.Addr.Component]
		if !ok {
			n = len(groups)
			at[c.Addr.Component] = n
			groups = append(groups, group{of: c.Addr.Component})
		}
		groups[n].changes = append(groups[n].changes, c)
	}
	// What is installed comes first, whatever else could run beside it; people read packages before components.
	slices.SortStableFunc(groups, func(a, b group) int { return rank(a.of.Kind) - rank(b.of.Kind) })
	if t.plan.Destroy {
		slices.Reverse(groups)
	}
	return groups
}

func rank(k addr.Kind) int {
	switch k {
	case addr.Package:
		return 0
	case addr.Middleware:
		return 1
	}
	return 2
}

// whole is the action that happens to everything of the group and to its instances, "" when it only changes in part.
func (g group) whole() Action {
	action, instances := g.changes[0].Action, g.of.Kind == addr.Package
	for _, c := range g.changes {
		a := c.Action
		if a == Forget {
			a = Remove
		}
		if action == Forget {
			action = Remove
		}
		if a != action {
			return ""
		}
		instances = instances || c.Type == "allocation" && c.Addr.Index == 0
	}
	if !instances || action != Create && action != Remove {
		return ""
	}
	return action
}

func (t *text) group(g group) {
	if action := g.whole(); action != "" && !t.Verbose {
		t.condensed(g, action)
		return
	}
	for _, c := range g.changes {
		if internal(c) && !t.Verbose {
			continue
		}
		t.change(c)
	}
}

// internal reports whether a change is a part of another that people do not ask for by name.
func internal(c *Change) bool {
	return c.Action != Replace && !c.Data && (c.Type == "secret" || c.Type == "endpoint")
}

func (t *text) condensed(g group, action Action) {
	l := looks[action]
	t.line("  %s %s%s", t.dye(l.color, l.sign), g.of, t.faint(t.about(g)))
	for _, part := range parts(g) {
		t.line("      %s", part)
	}
}

// about is the package of a component, and why it is there if the stack does not name it.
func (t *text) about(g group) string {
	if t.plan.Lock == nil {
		return ""
	}
	for _, c := range t.plan.Lock.Components {
		if c.Component != g.of.Block() {
			continue
		}
		p := t.plan.Lock.Packages[c.Package]
		about := fmt.Sprintf("  %s %s", p.Name, p.Version)
		if p.Origin != "library" {
			about += " from " + p.Origin
		}
		if c.Added != "" {
			about += ", added because " + c.Added
		}
		return about
	}
	return ""
}

// parts lists what a new or removed component consists of, alike instances together.
func parts(g group) []string {
	var lines []string
	var shared []string
	byIndex := map[int][]string{}
	highest := -1
	for _, c := range g.changes {
		part := strings.ReplaceAll(c.Addr.Part, ".", " ")
		switch {
		case c.Type == "secret" || c.Type == "endpoint" || c.Addr.Part == "":
		case c.Addr.Index == addr.Whole && strings.HasPrefix(c.Addr.Part, "install."):
			shared = append(shared, strings.TrimPrefix(part, "install "))
		case c.Addr.Index == addr.Whole:
			shared = append(shared, part)
		default:
			byIndex[c.Addr.Index] = append(byIndex[c.Addr.Index], part)
		}
		highest = max(highest, c.Addr.Index)
	}
	if shared != nil {
		lines = append(lines, strings.Join(shared, ", "))
	}
	for from := 0; from <= highest; {
		to := from
		for to < highest && slices.Equal(byIndex[to+1], byIndex[from]) {
			to++
		}
		label := fmt.Sprintf("instance %d", from)
		if to > from {
			label = fmt.Sprintf("instances %d to %d", from, to)
		}
		lines = append(lines, strings.TrimSuffix(label+": "+strings.Join(byIndex[from], ", "), ": "))
		from = to + 1
	}
	return lines
}

func (t *text) change(c *Change) {
	l := looks[c.Action]
	reason := ""
	if c.Reason != "" && c.Reason != "new" {
		reason = "  " + t.faint(c.Reason)
	}
	t.line("  %s %s%s", t.dye(l.color, l.sign), c.Addr, reason)
	for _, d := range c.Attributes {
		if d.Path == "config_digest" {
			continue // the configuration is listed itself
		}
		outside := ""
		if d.Drifted {
			outside = t.faint("  (changed outside recipe)")
		}
		t.line("      %s: %s → %s%s", d.Path, or(d.Before, "nothing"), or(d.After, "nothing"), outside)
	}
	if c.Effect != "" {
		t.line("      %s", c.Effect)
	}
}

func or(s, otherwise string) string {
	if s == "" || s == "null" {
		return otherwise
	}
	return s
}

// bindings lists who uses what, for the components that are new.
func (t *text) bindings(groups []group) {
	if t.plan.Lock == nil {
		return
	}
	created := map[addr.Component]bool{}
	for _, g := range groups {
		if g.whole() == Create {
			created[g.of.Block()] = true
		}
	}
	first := true
	for _, b := range t.plan.Lock.Bindings {
		if !created[b.Consumer] {
			continue
		}
		if first {
			t.line("\n  Bindings")
			first = false
		}
		t.line("      %s %s → %s%s", b.Consumer, b.Requirement, b.Implementation, t.faint("  "+b.Reason))
	}
}

func (t *text) outputs() {
	if len(t.plan.Outputs) == 0 {
		return
	}
	t.line("\n  Outputs")
	for _, o := range t.plan.Outputs {
		switch {
		case o.Before == "":
			t.line("      %s = %s", o.Name, o.After)
		case o.After == "":
			t.line("      %s: %s → nothing", o.Name, o.Before)
		default:
			t.line("      %s: %s → %s", o.Name, o.Before, o.After)
		}
	}
}

// order names the longest chain of changes, which decides how long it takes.
func (t *text) order() {
	if len(t.plan.CriticalPath) < 2 {
		return
	}
	var names []string
	for _, i := range t.plan.CriticalPath {
		names = append(names, t.plan.Changes[i].Addr.String())
	}
	if len(names) > 6 && !t.Verbose {
		names = append(append(names[:3:3], fmt.Sprintf("… %d more …", len(names)-5)), names[len(names)-2:]...)
	}
	about := ""
	if t.plan.Estimate > 0 {
		about = fmt.Sprintf(", about %s", t.plan.Estimate.Round(10*time.Millisecond))
	}
	t.line("\n  Longest chain%s: %s", about, strings.Join(names, " → "))
}

// losses says loudly which data goes.
func (t *text) losses() {
	var lost []*Change
	for i := range t.plan.Changes {
		if c := &t.plan.Changes[i]; c.Data {
			lost = append(lost, c)
		}
	}
	if lost == nil {
		return
	}
	t.line("")
	for i, c := range lost {
		if i == 10 && !t.Verbose {
			t.line("  %s", t.dye("31", fmt.Sprintf("… and the data of %s", count(len(lost)-i, "more instance"))))
			break
		}
		t.line("  %s", t.dye("31", fmt.Sprintf("%s: %s", c.Addr, c.Effect)))
	}
}

func (t *text) summary() string {
	counts := t.plan.Count()
	var parts []string
	for _, a := range actions {
		if n := counts[a]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n, looks[a].word))
		}
	}
	if parts == nil {
		return "Plan: only outputs change."
	}
	return "Plan: " + strings.Join(parts, ", ") + "."
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
