package plan

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/nsynapse/recipe/lang/addr"
)

// block is changes of one group that are told together: either all that is created or removed for one reason, or
// one change that is the same in several instances.
type block struct {
	changes   []*Change
	reason    string // "" if the sign says it all
	condensed bool   // only the names of the parts are listed
}

// blocks puts the changes of a group together, in the order of the first of each block.
func (r *report) blocks(g *group) []*block {
	var all []*block
	found := map[string]*block{}
	for _, c := range g.changes {
		reason := c.Reason
		if c.Action == Create && reason == "new" || c.Action == Remove && r.plan.Destroy {
			reason = ""
		}
		condensed := !r.options.Verbose && (c.Action == Create || c.Action == Remove || c.Action == Forget)
		key := string(c.Action) + "\x00" + reason
		switch {
		case r.options.Verbose:
			key = string(c.Action) + c.Addr.String()
		case !condensed:
			key += fmt.Sprintf("\x00%s\x00%s\x00%#v", c.Addr.Part, c.Effect, c.Attributes)
		}
		b := found[key]
		if b == nil {
			b = &block{reason: reason, condensed: condensed}
			found[key] = b
			all = append(all, b)
		}
		b.changes = append(b.changes, c)
	}
	return all
}

// block writes one block of a group that has several.
func (r *report) block(b *block) {
	first := b.changes[0]
	part := first.Addr.Part
	if b.condensed && len(b.changes) > 1 {
		part = ""
	}
	title := rangeOf(b.changes, part)
	if b.reason != "" {
		title += r.paint(faint, "  "+b.reason)
	}
	r.signed(4, first.Action, title)
	if !b.condensed {
		r.detail(b)
	} else if len(b.changes) > 1 {
		r.contents(10, b)
	} else {
		r.effects(10, b)
	}
}

// rangeOf is the address of a part in several instances: app.shop[0..2].process.web.
func rangeOf(changes []*Change, part string) string {
	first := changes[0].Addr
	indexes := instances(changes)
	if len(indexes) <= 1 {
		if len(indexes) == 0 {
			return first.Component.Of(part).String()
		}
		return first.Component.At(indexes[0], part).In(first.Slot).String()
	}
	text := first.Component.String() + "[" + ranges(indexes) + "]"
	if part != "" {
		text += "." + part
	}
	return text
}

// ranges writes ascending numbers as 0..2,5.
func ranges(numbers []int) string {
	var parts []string
	for first, last := range Runs(numbers) {
		text := strconv.Itoa(first)
		if last > first {
			text += ".." + strconv.Itoa(last)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ",")
}

// Runs are the first and the last of those ascending numbers that follow each other without a gap.
func Runs(numbers []int) iter.Seq2[int, int] {
	return func(yield func(first, last int) bool) {
		for i, j := 0, 0; i < len(numbers); i = j {
			for j = i + 1; j < len(numbers) && numbers[j] == numbers[j-1]+1; j++ {
			}
			if !yield(numbers[i], numbers[j-1]) {
				return
			}
		}
	}
}

// detail writes how a change is made and what follows from it.
func (r *report) detail(b *block) {
	c := b.changes[0]
	differences := c.Attributes
	if r.options.Verbose && len(differences) == 0 && c.Action == Create {
		differences = created(c.After)
	}
	for _, d := range differences {
		if strings.HasSuffix(d.Path, "config_digest") && !r.options.Verbose {
			continue // a digest tells nobody anything; the reason says that the configuration changes
		}
		r.line(10, r.difference(10, d, c.Action == Create))
	}
	r.effects(10, b)
}

// difference is "path: before -> after", over several lines if it is too long for one; of something new "path: after".
func (r *report) difference(indent int, d Difference, made bool) string {
	before, after := d.Before, d.After
	if !r.options.Verbose {
		before, after = shortDigests(before, after)
	}
	drift := ""
	if d.Drifted {
		drift = "  (changed outside recipe)"
	}
	if made && before == "" && after != "" && !d.Drifted {
		return d.Path + ": " + r.paint(green, after)
	}
	before, after = orNone(before), orNone(after)
	one := d.Path + ": " + before + " -> " + after + drift
	if r.options.Width > 0 && indent+columns(one) > r.options.Width {
		pad := "\n" + strings.Repeat(" ", indent)
		return d.Path + ":" + r.paint(faint, drift) + pad + "     " + r.paint(red, before) + pad + "  -> " + r.paint(green, after)
	}
	return d.Path + ": " + r.paint(red, before) + " -> " + r.paint(green, after) + r.paint(faint, drift)
}

func orNone(value string) string {
	if value == "" || value == "null" {
		return "(none)"
	}
	return value
}

// effects writes what follows from the changes of a block beyond themselves, each text once.
func (r *report) effects(indent int, b *block) {
	var data, others []string
	for _, c := range b.changes {
		if c.Data {
			data = append(data, c.Effect)
		} else {
			others = append(others, c.Effect)
		}
	}
	for _, effect := range distinct(others) {
		r.wrapped(indent, faint, effect)
	}
	shown := distinct(data)
	if !r.options.Verbose && len(shown) > effectLimit {
		shown = append(shown[:effectLimit:effectLimit], fmt.Sprintf("and the data of %d more", len(shown)-effectLimit))
	}
	for _, effect := range shown {
		r.wrapped(indent, alarm, effect)
	}
}

// effectLimit is how many losses one block names; all of them stand together above the summary.
const effectLimit = 3

// isNew reports whether the whole of c is created.
func (r *report) isNew(c addr.Component) bool {
	g := r.byName[c]
	return g != nil && g.whole(Create)
}
