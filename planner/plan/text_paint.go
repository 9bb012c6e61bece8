package plan

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/solve"
)

// style is the parameters of an ANSI escape that sets colours; "" is plain.
type style string

const (
	plain  style = ""
	bold   style = "1"
	faint  style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	purple style = "35"
	alarm  style = "1;31"
)

// report writes one plan.
type report struct {
	w       *bufio.Writer // keeps the first error
	plan    *Plan
	options TextOptions
	chosen  map[addr.Component]*solve.Component // of the lock
	all     []*group
	byName  map[addr.Component]*group
}

func newReport(w io.Writer, p *Plan, options TextOptions) *report {
	r := &report{w: bufio.NewWriter(w), plan: p, options: options, chosen: map[addr.Component]*solve.Component{}, byName: map[addr.Component]*group{}}
	if p.Lock != nil {
		for i := range p.Lock.Components {
			c := &p.Lock.Components[i]
			r.chosen[c.Component] = c
		}
	}
	rolls := rollsOf(p)
	for i := range p.Changes {
		c := &p.Changes[i]
		if !c.Does() {
			continue
		}
		if roll := rolls[instance(c.Addr)]; c.Roll && roll != nil {
			r.add(roll)
			delete(rolls, roll.Addr)
		}
		if !c.Roll || options.Verbose {
			r.add(c)
		}
	}
	return r
}

// add puts a change into the group of its component.
func (r *report) add(c *Change) {
	g := r.byName[c.Addr.Component]
	if g == nil {
		g = &group{component: c.Addr.Component}
		r.byName[g.component] = g
		r.all = append(r.all, g)
	}
	g.changes = append(g.changes, c)
}

func (r *report) close() error { return r.w.Flush() }

// line writes s after some spaces. Errors of the writer are kept and come back from close.
func (r *report) line(indent int, s string) {
	fmt.Fprintf(r.w, "%*s%s\n", indent, "", s)
}

func (r *report) blank() { r.line(0, "") }

// signed writes s after the sign of an action, which takes three columns and stands out to the left.
func (r *report) signed(indent int, action Action, s string) {
	sign := signs[action]
	fmt.Fprintf(r.w, "%*s%s %s\n", indent+3-len(sign.text), "", r.sign(action), s)
}

// wrapped writes words that may take several lines, all with the same indent.
func (r *report) wrapped(indent int, s style, words string) {
	room := r.options.Width - indent
	if r.options.Width <= 0 || room < 20 {
		r.line(indent, r.paint(s, words))
		return
	}
	for columns(words) > room {
		cut := lastSpace(words, room)
		if cut < 0 {
			break
		}
		r.line(indent, r.paint(s, words[:cut]))
		words = words[cut+1:]
	}
	r.line(indent, r.paint(s, words))
}

// lastSpace finds where to break a line of words, or -1 if there is no space at all. A first word that is too long
// stays whole: addresses are there to be copied.
func lastSpace(words string, room int) int {
	column, cut := 0, -1
	for i, r := range words {
		if r == ' ' && i > 0 {
			if column > room && cut >= 0 {
				return cut
			}
			cut = i
		}
		if column++; column > room && cut >= 0 {
			return cut
		}
	}
	return cut
}

func columns(s string) int { return utf8.RuneCountInString(s) }

func (r *report) paint(s style, words string) string {
	if !r.options.Color || s == plain || words == "" {
		return words
	}
	return "\x1b[" + string(s) + "m" + words + "\x1b[0m"
}

// unpainted is s without what paint put around its parts.
func unpainted(s string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "\x1b[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, s, _ = strings.Cut(after, "m")
	}
}

type sign struct {
	text  string
	style style
}

var signs = map[Action]sign{
	Create:  {"+", green},
	Update:  {"~", yellow},
	Rolled:  {"+/-", yellow},
	Backup:  {">", green},
	Restart: {"!", purple},
	Replace: {"-/+", red},
	Remove:  {"-", red},
	Forget:  {".", faint},
}

func (r *report) sign(action Action) string {
	return r.paint(signs[action].style, signs[action].text)
}
