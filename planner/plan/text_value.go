package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/nsynapse/recipe/planner/state"
)

// created lists the attributes of a value that is to be made, elements of maps one by one. Nothing sensitive is
// shown: it is not even in the encoded value.
func created(after state.Encoded) []Difference {
	dec := json.NewDecoder(bytes.NewReader(after))
	dec.UseNumber()
	var raw any
	if len(after) == 0 || dec.Decode(&raw) != nil {
		return nil
	}
	return leaves(nil, "", raw)
}

func leaves(list []Difference, path string, raw any) []Difference {
	object, ok := raw.(map[string]any)
	if !ok || marker(object) != "" || len(object) == 0 {
		if path == "" {
			return list
		}
		return append(list, Difference{Path: path, After: shown(raw)})
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		element := object[name]
		if len(name) > 1 && name[:2] == "$$" {
			name = name[1:]
		}
		if path != "" {
			name = path + "." + name
		}
		list = leaves(list, name, element)
	}
	return list
}

// marker is what stands for a value that cannot be shown, "" for any other.
func marker(object map[string]any) string {
	if len(object) != 1 {
		return ""
	}
	if _, ok := object["$secret"]; ok {
		return "(sensitive)"
	}
	switch how, ok := object["$unknown"]; {
	case ok && how == "sensitive":
		return "(sensitive)"
	case ok:
		return "(known after apply)"
	}
	return ""
}

// shownLimit is how many characters of one value are shown.
const shownLimit = 120

func shown(raw any) string {
	if hidden := hides(raw); hidden != "" {
		return hidden
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(raw); err != nil {
		return fmt.Sprint(raw)
	}
	out := []rune(string(bytes.TrimSpace(b.Bytes())))
	if len(out) > shownLimit {
		return string(out[:shownLimit]) + "…"
	}
	return string(out)
}

// hides looks for markers at any depth. One sensitive part hides the whole, as everywhere else.
func hides(raw any) string {
	var parts []any
	switch raw := raw.(type) {
	case map[string]any:
		if m := marker(raw); m != "" {
			return m
		}
		parts = slices.Collect(maps.Values(raw))
	case []any:
		parts = raw
	}
	worst := ""
	for _, part := range parts {
		switch hides(part) {
		case "(sensitive)":
			return "(sensitive)"
		case "(known after apply)":
			worst = "(known after apply)"
		}
	}
	return worst
}
