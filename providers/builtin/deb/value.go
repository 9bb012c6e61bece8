package deb

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// wish is what the user set.
type wish struct {
	packages []request
	exclude  []string
}

func readWish(v cty.Value) (wish, error) {
	return Wish{texts(v, "packages"), texts(v, "exclude")}.parse()
}

func (asked Wish) parse() (wish, error) {
	w := wish{exclude: asked.Exclude}
	for _, text := range asked.Packages {
		q, err := parseRequest(text)
		if err != nil {
			return w, err
		}
		if slices.Contains(w.exclude, q.name) {
			return w, fmt.Errorf("%s is both asked for and excluded", q.name)
		}
		w.packages = append(w.packages, q)
	}
	if len(w.packages) == 0 {
		return w, errors.New("no package is named")
	}
	return w, nil
}

func checkPackages(v cty.Value) error {
	var asked Wish
	for it := v.ElementIterator(); it.Next(); {
		if _, name := it.Element(); name.IsKnown() && !name.IsNull() {
			asked.Packages = append(asked.Packages, name.AsString())
		}
	}
	if len(asked.Packages) < v.LengthInt() {
		return nil // one of them is known later
	}
	_, err := asked.parse()
	return err
}

// settled returns what was resolved before for the same wish, and the key of the entry if it is known; no pins mean
// that nothing was.
func settled(known, after cty.Value) (pins []string, key string) {
	for _, v := range []cty.Value{after, known} {
		if v.IsNull() || !sameTexts(v, after, "packages") || !sameTexts(v, after, "exclude") {
			continue
		}
		if pins := texts(v, "resolved"); pins != nil {
			return pins, keyOf(v)
		}
	}
	return nil, ""
}

func sameTexts(a, b cty.Value, name string) bool { return slices.Equal(texts(a, name), texts(b, name)) }

// keyOf returns the key of the store entry in a value, or "" if there is none yet.
func keyOf(v cty.Value) string {
	if v.IsNull() {
		return ""
	}
	path := v.GetAttr("path")
	if path.IsNull() || !path.IsKnown() {
		return ""
	}
	return filepath.Base(path.AsString())
}

// texts reads a list; null, unknown and empty lists are nil.
func texts(v cty.Value, name string) []string {
	list := v.GetAttr(name)
	if list.IsNull() || !list.IsWhollyKnown() {
		return nil
	}
	var all []string
	for _, e := range list.AsValueSlice() {
		if !e.IsNull() {
			all = append(all, e.AsString())
		}
	}
	return all
}

// withResult returns the wish as a value with its computed attributes.
func withResult(after cty.Value, path string, pins []string) cty.Value {
	atts := after.AsValueMap()
	atts["path"] = cty.StringVal(path)
	list := make([]cty.Value, len(pins))
	for i, p := range pins {
		list[i] = cty.StringVal(p)
	}
	atts["resolved"] = cty.ListVal(list)
	return cty.ObjectVal(atts)
}
