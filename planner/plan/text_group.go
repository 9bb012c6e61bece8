package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/lang/addr"
)

// group is all that happens to one component, or to what a package installed.
type group struct {
	component addr.Component
	changes   []*Change // in the order of the plan; each does something
}

// action is the one sign for the group: what is done if that is the same for all, else the weightiest change.
func (g *group) action() Action {
	has := map[Action]bool{}
	for _, c := range g.changes {
		has[c.Action] = true
	}
	if len(has) > 1 {
		delete(has, Backup) // it is for the sake of the others
	}
	switch {
	case len(has) == 1:
		for action := range has {
			return action
		}
	case has[Replace]:
		return Replace
	case has[Restart]:
		return Restart
	case has[Rolled]:
		return Rolled
	case len(has) == 2 && has[Remove] && has[Forget]:
		return Remove
	}
	return Update
}

// whole reports whether the component as a whole comes or goes: its first instance is among the changes.
func (g *group) whole(action Action) bool {
	if g.action() != action {
		return false
	}
	return g.component.Kind == addr.Package || slices.ContainsFunc(g.changes, func(c *Change) bool { return c.Addr.Index == 0 && c.Addr.Part == "" })
}

// instances lists the indexes that the changes are about, ascending.
func instances(changes []*Change) []int {
	var all []int
	for _, c := range changes {
		if c.Addr.Index != addr.Whole {
			all = append(all, c.Addr.Index)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// groups writes all components in the order of the plan; of very many only the first.
func (r *report) groups() {
	shown := r.all
	if !r.options.Verbose && len(shown) > listLimit {
		shown = shown[:listShown]
	}
	open := true // whether the last group took several lines, which a blank line ends
	for _, g := range shown {
		title, blocks := r.title(g)
		one, short := r.oneLine(title, blocks)
		if !short && !open {
			r.blank()
		}
		open = !short
		if short {
			r.signed(0, g.action(), one)
			continue
		}
		r.signed(0, g.action(), title)
		r.parts(blocks)
		r.blank()
	}
	if !open {
		r.blank()
	}
	if more := len(r.all) - len(shown); more > 0 {
		r.line(2, fmt.Sprintf("... and %d more components; -verbose lists them all", more))
		r.blank()
	}
}

// title is what stands in the first line of a group, and what is to follow it.
func (r *report) title(g *group) (string, []*block) {
	title := r.paint(bold, g.component.String())
	if about := r.about(g); about != "" {
		title += "  " + about
	}
	blocks := r.blocks(g)
	why := r.why(g)
	if why == "" && tellsAll(blocks) {
		why = blocks[0].reason
	}
	if why != "" {
		title += r.paint(faint, "  ("+why+")")
	}
	return title, blocks
}

// tellsAll reports whether the group needs no lines for parts of its own.
func tellsAll(blocks []*block) bool { return len(blocks) == 1 && blocks[0].condensed }

// oneLine puts a group that has little to tell into one line, so that many of them stay readable.
func (r *report) oneLine(title string, blocks []*block) (string, bool) {
	if !tellsAll(blocks) || slices.ContainsFunc(blocks[0].changes, func(c *Change) bool { return c.Effect != "" || c.Data }) {
		return "", false
	}
	if names := contentNames(blocks[0].changes); names != "" {
		title += ": " + names
	}
	width := r.options.Width
	if width <= 0 {
		width = lineWidth
	}
	return title, 4+columns(unpainted(title)) <= width
}

// lineWidth is how long lines get where nothing limits them.
const lineWidth = 100

func (r *report) parts(blocks []*block) {
	if tellsAll(blocks) {
		r.contents(6, blocks[0])
		return
	}
	for _, b := range blocks {
		r.block(b)
	}
}

// why says who asked for a component that the stack does not name, or for a package, when it is new.
func (r *report) why(g *group) string {
	if !g.whole(Create) || r.plan.Lock == nil {
		return ""
	}
	if g.component.Kind == addr.Package {
		for i := range r.plan.Lock.Packages {
			p := &r.plan.Lock.Packages[i]
			if p.Name == g.component.Name && addr.StringKey(p.Version) == g.component.Key {
				return p.Reason
			}
		}
		return ""
	}
	if c := r.chosen[g.component]; c != nil {
		return c.Added
	}
	return ""
}

// about is the size of the change and the package that it comes from.
func (r *report) about(g *group) string {
	var parts []string
	places := 0
	for _, c := range g.changes {
		if c.Type == "allocation" {
			places++
		}
	}
	switch n := len(instances(g.changes)); {
	case n == 0:
	case g.whole(Create), g.whole(Remove):
		count := countOf(n, "instance")
		switch b := backupsAmong(g.changes, n); {
		case b == 1:
			count += ", 1 of them a backup"
		case b > 1:
			count += fmt.Sprintf(", %d of them backups", b)
		}
		parts = append(parts, count)
	case places == 0: // only something of instances that stay
	case g.action() == Create:
		parts = append(parts, countOf(places, "more instance"))
	case g.action() == Remove:
		parts = append(parts, countOf(places, "instance")+" less")
	}
	if name := r.packageOf(g.component); name != "" {
		parts = append(parts, name)
	}
	return strings.Join(parts, ", ")
}

// backupsAmong is how many of n new instances do not do the work, as their processes are told.
func backupsAmong(changes []*Change, n int) int {
	for _, c := range changes {
		var told struct {
			Roles *struct{ Primaries int }
		}
		if c.Type == "instance" && json.Unmarshal(c.After, &told) == nil && told.Roles != nil {
			return n - told.Roles.Primaries
		}
	}
	return 0
}

// packageOf is "package acme/shop 2.1.3", or "" for what is not in the lock any more.
func (r *report) packageOf(c addr.Component) string {
	chosen := r.chosen[c]
	if chosen == nil || chosen.Package < 0 || chosen.Package >= len(r.plan.Lock.Packages) {
		return ""
	}
	p := &r.plan.Lock.Packages[chosen.Package]
	return "package " + p.Name + " " + p.Version
}

func countOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
