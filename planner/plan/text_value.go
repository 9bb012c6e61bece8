package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

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

// digestLength is that of the shortest digest that is cut short, in hexadecimal digits: SHA-1. keptDigits are left of it.
const (
	digestLength = 40
	keptDigits   = 8
)

// shortDigests cuts the digests in two values short, which nobody reads to the end, as long as that leaves them different.
func shortDigests(before, after string) (string, string) {
	if a, b := shortDigest(before), shortDigest(after); a != b {
		return a, b
	}
	return before, after
}

func shortDigest(value string) string {
	var short strings.Builder
	for len(value) > 0 {
		n := strings.IndexFunc(value, func(c rune) bool { return !strings.ContainsRune("0123456789abcdef", c) })
		if n < 0 {
			n = len(value)
		}
		if n >= digestLength {
			short.WriteString(value[:keptDigits] + "…")
			if value[n:] == "…" {
				break // it was too long for Text already
			}
		} else {
			short.WriteString(value[:n])
		}
		_, size := utf8.DecodeRuneInString(value[n:])
		short.WriteString(value[n : n+size])
		value = value[n+size:]
	}
	return short.String()
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
