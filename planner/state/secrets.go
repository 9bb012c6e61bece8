package state

import (
	"bytes"
	"encoding/json"
)

// Secrets lists the names of the secrets that an encoded value refers to.
func Secrets(encoded Encoded) []string {
	if !bytes.Contains(encoded, []byte(`"$secret"`)) {
		return nil
	}
	var raw any
	if err := json.Unmarshal(encoded, &raw); err != nil {
		return nil
	}
	var names []string
	var collect func(any)
	collect = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if id, ok := v["$secret"].(string); ok && len(v) == 1 {
				names = append(names, id)
				return
			}
			for _, inner := range v {
				collect(inner)
			}
		case []any:
			for _, inner := range v {
				collect(inner)
			}
		}
	}
	collect(raw)
	return names
}
