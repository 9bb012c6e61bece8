package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/function"
)

// comparison finds what changes between a resource as it is and as wanted.
type comparison struct {
	*kind
	changed []Difference
	names   []string // attributes with a difference, sorted
	drifted bool     // some of it because the world was changed outside
}

// differences fills changed. A computed attribute that the wanted value leaves open never differs.
func (c *comparison) differences(prior *known, wanted cty.Value) {
	for _, name := range c.attributes {
		after := wanted.GetAttr(name)
		if c.open(name, after) {
			continue
		}
		before := prior.actual.GetAttr(name)
		if Same(before, after) {
			continue
		}
		drifted := Same(prior.recorded.GetAttr(name), after)
		c.drifted = c.drifted || drifted
		c.names = append(c.names, name)
		c.describe(name, before, after, drifted)
	}
}

// Same compares two values without their marks: what is sensitive is told apart by its value, not by how it is kept.
func Same(a, b cty.Value) bool {
	if !definite(a) || !definite(b) {
		return sameUnmarked(a, b)
	}
	switch {
	case a.Type() == cty.String && b.Type() == cty.String:
		return a.AsString() == b.AsString()
	case a.Type().IsObjectType() && b.Type().IsObjectType():
		return sameAttributes(a, b)
	}
	return sameUnmarked(a, b)
}

// sameAttributes compares two objects. RawEquals would compare their types first, and those of all within once for each level.
func sameAttributes(a, b cty.Value) bool {
	names := a.Type().AttributeTypes()
	if len(names) != len(b.Type().AttributeTypes()) {
		return false
	}
	for name := range names {
		if !b.Type().HasAttribute(name) || !Same(a.GetAttr(name), b.GetAttr(name)) {
			return false
		}
	}
	return true
}

func sameUnmarked(a, b cty.Value) bool {
	if a.RawEquals(b) {
		return true // by far the most often, and cheaper than looking for marks
	}
	if a.ContainsMarked() {
		a, _ = a.UnmarkDeep()
	}
	if b.ContainsMarked() {
		b, _ = b.UnmarkDeep()
	}
	return a.RawEquals(b)
}

// definite reports whether v is known, not null and without marks.
func definite(v cty.Value) bool { return !v.IsMarked() && v.IsKnown() && !v.IsNull() }

// describe adds a difference as text: maps and lists of objects by element, the rest as a whole.
func (c *comparison) describe(path string, before, after cty.Value, drifted bool) {
	if elements(before) != nil && elements(after) != nil {
		old, now := elements(before), elements(after)
		for _, key := range unionKeys(old, now) {
			o, hadIt := old[key]
			n, hasIt := now[key]
			if hadIt && hasIt && Same(o, n) {
				continue
			}
			c.describe(path+"."+key, o, n, drifted)
		}
		return
	}
	if old, now := items(before), items(after); old != nil && now != nil {
		for i := range max(len(old), len(now)) {
			o, n := cty.NilVal, cty.NilVal
			if i < len(old) {
				o = old[i]
			}
			if i < len(now) {
				n = now[i]
			}
			if i < len(old) && i < len(now) && Same(o, n) {
				continue
			}
			c.describe(fmt.Sprintf("%s[%d]", path, i), o, n, drifted)
		}
		return
	}
	if old, now, ok := multiline(before, after); ok {
		c.changed = append(c.changed, lineDifference(path, old, now, drifted))
		return
	}
	c.changed = append(c.changed, Difference{Path: path, Before: Text(said(before)), After: Text(said(after)), Drifted: drifted})
}

// said is an object without the attributes that are null, of which nobody has said anything; any other value as it is.
func said(v cty.Value) cty.Value {
	values := elements(v)
	if values == nil || !v.Type().IsObjectType() {
		return v
	}
	maps.DeleteFunc(values, func(_ string, v cty.Value) bool { return !v.IsMarked() && v.IsNull() })
	return cty.ObjectVal(values)
}

// multiline returns the lines of two texts that may be shown, if one of them has several.
func multiline(before, after cty.Value) (old, now []string, ok bool) {
	texts := make([]string, 2)
	for i, v := range []cty.Value{before, after} {
		if v == cty.NilVal || v.IsMarked() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
			return nil, nil, false
		}
		texts[i] = strings.TrimSuffix(v.AsString(), "\n")
	}
	ok = strings.Contains(texts[0]+texts[1], "\n")
	return strings.Split(texts[0], "\n"), strings.Split(texts[1], "\n"), ok
}

// lineDifference shows the first line that differs and how many lie between it and the last.
func lineDifference(path string, old, now []string, drifted bool) Difference {
	first := 0
	for first < len(old) && first < len(now) && old[first] == now[first] {
		first++
	}
	same := 0
	for same < len(old)-first && same < len(now)-first && old[len(old)-1-same] == now[len(now)-1-same] {
		same++
	}
	d := Difference{Path: fmt.Sprintf("%s line %d", path, first+1), Drifted: drifted}
	side := func(lines []string) string {
		lines = lines[first : len(lines)-same]
		switch len(lines) {
		case 0:
			return ""
		case 1:
			return shorten(fmt.Sprintf("%q", lines[0]))
		}
		return fmt.Sprintf("%s and %d more lines", shorten(fmt.Sprintf("%q", lines[0])), len(lines)-1)
	}
	d.Before, d.After = side(old), side(now)
	return d
}

// elements lists what v consists of if it is a known map or object, else nil.
func elements(v cty.Value) map[string]cty.Value {
	if v == cty.NilVal || v.IsMarked() || !v.IsKnown() || v.IsNull() {
		return nil
	}
	if ty := v.Type(); !ty.IsMapType() && !ty.IsObjectType() {
		return nil
	}
	values := v.AsValueMap()
	if values == nil {
		values = map[string]cty.Value{}
	}
	return values
}

// items lists the elements of v if it is a known list of objects or maps, else nil.
func items(v cty.Value) []cty.Value {
	if v == cty.NilVal || v.IsMarked() || !v.IsKnown() || v.IsNull() || !v.Type().IsListType() {
		return nil
	}
	if ty := v.Type().ElementType(); !ty.IsObjectType() && !ty.IsMapType() {
		return nil
	}
	return append([]cty.Value{}, v.AsValueSlice()...)
}

func unionKeys(a, b map[string]cty.Value) []string {
	keys := make([]string, 0, len(a)+len(b))
	for key := range a {
		keys = append(keys, key)
	}
	for key := range b {
		if _, both := a[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// textLimit is how many characters of a value a plan shows.
const textLimit = 120

// Text is a value as people read it: "" for none, never anything sensitive.
func Text(v cty.Value) string {
	switch {
	case v == cty.NilVal:
		return ""
	case v.ContainsMarked():
		return "(sensitive)"
	case v.IsNull():
		return "null"
	case !v.IsWhollyKnown():
		return "(known after apply)"
	case v.Type() == cty.String:
		return shorten(fmt.Sprintf("%q", v.AsString()))
	}
	text, err := function.JSON(v)
	if err != nil {
		return v.Type().FriendlyName()
	}
	return shorten(text.AsString())
}

func shorten(s string) string {
	if runes := []rune(s); len(runes) > textLimit {
		return string(runes[:textLimit]) + "…"
	}
	return s
}

// action says what the differences lead to, and why.
func (c *comparison) action() (Action, string) {
	if len(c.names) == 0 {
		return NoOp, ""
	}
	action := Update
	for _, name := range c.names {
		switch a := c.Attributes[name]; {
		case a.Replace:
			return Replace, name + " changes, which needs a new one"
		case a.Restart:
			action = Restart
		}
	}
	return action, c.reason()
}

// recordedAnew is what becomes of a thing in which nothing differs: it is changed all the same where another version of its plugin
// would have recorded it in another way.
func (c *comparison) recordedAnew(prior *known) (Action, string) {
	if prior.other != nil {
		return Update, "it is recorded anew: its plugin has another type for " + strings.Join(prior.other, ", ")
	}
	if !c.Plugin || !c.sensitive {
		return NoOp, ""
	}
	var bare []string
	for _, name := range c.attributes {
		if c.Attributes[name].Sensitive && inClear(prior.recorded.GetAttr(name)) {
			bare = append(bare, name)
		}
	}
	if bare == nil {
		return NoOp, ""
	}
	return Update, "it is recorded anew: its plugin calls " + strings.Join(bare, ", ") + " sensitive now"
}

// inClear reports whether there is anything in v to be kept as a secret, and it is not.
func inClear(v cty.Value) bool {
	if v.ContainsMarked() {
		return false
	}
	found := false
	_ = cty.Walk(v, func(_ cty.Path, part cty.Value) (bool, error) { // the callback returns no errors
		found = found || part.Type().IsPrimitiveType() && part.IsKnown() && !part.IsNull()
		return !found, nil
	})
	return found
}

func (c *comparison) reason() string {
	if slices.Contains(c.names, "running") {
		return "it is not running"
	}
	reasons := make([]string, len(c.names))
	for i, name := range c.names {
		reasons[i] = name
		if name == "config_digest" {
			reasons[i] = "its configuration"
		}
	}
	verb := " changes"
	if len(reasons) > 1 {
		verb = " change"
	}
	text := strings.Join(reasons, ", ") + verb
	if c.drifted {
		text += "; it was changed outside recipe"
	}
	return text
}

// planned is how the resource will turn out: wanted, with its computed attributes kept where they stay, else unknown.
func (c *comparison) planned(before, wanted cty.Value, action Action) cty.Value {
	var attributes map[string]cty.Value
	for _, name := range c.computed {
		if !c.open(name, wanted.GetAttr(name)) {
			continue
		}
		if attributes == nil {
			attributes = wanted.AsValueMap()
		}
		a := c.Attributes[name]
		switch {
		case before != cty.NilVal && !before.IsNull() && (action == NoOp || a.Stable && action != Replace):
			attributes[name] = before.GetAttr(name)
		case a.Sensitive:
			attributes[name] = cty.UnknownVal(a.Type).Mark(function.Sensitive)
		default:
			attributes[name] = cty.UnknownVal(a.Type)
		}
	}
	if attributes == nil {
		return wanted
	}
	return cty.ObjectVal(attributes)
}
