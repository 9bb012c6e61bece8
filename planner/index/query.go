package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/planner/catalog"
	"github.com/nsynapse/recipe/planner/semver"
)

// Query is what one line of a file of queries asks for.
type Query struct {
	ID    json.RawMessage // as it is written; nil for none
	Roots []catalog.Need  // in the order of their names
}

// ParseQuery reads a line such as {"id": "7", "roots": {"ns/name": "^1"}}.
func ParseQuery(line []byte) (Query, error) {
	var written struct {
		ID    json.RawMessage   `json:"id"`
		Roots map[string]string `json:"roots"`
	}
	if err := json.Unmarshal(line, &written); err != nil {
		return Query{}, fmt.Errorf("not a query: %w", err)
	}
	q := Query{ID: written.ID}
	if written.Roots == nil {
		return q, errors.New(`a query needs "roots"`)
	}
	for _, name := range slices.Sorted(maps.Keys(written.Roots)) {
		need, err := parseNeed(name, written.Roots[name])
		if err != nil {
			return q, err
		}
		q.Roots = append(q.Roots, need)
	}
	return q, nil
}

// ParseNeed reads NAME@CONSTRAINT, or NAME for any version. The last @ counts, since names may have one.
func ParseNeed(text string) (catalog.Need, error) {
	name, constraint := text, "*"
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		name, constraint = text[:at], text[at+1:]
	}
	return parseNeed(name, constraint)
}

func parseNeed(name, constraint string) (catalog.Need, error) {
	if name == "" {
		return catalog.Need{}, errors.New("the name of a package is empty")
	}
	c, err := semver.ParseConstraint(constraint)
	if err != nil {
		return catalog.Need{}, fmt.Errorf("%s: %w", name, err)
	}
	return catalog.Need{Name: name, Constraint: c}, nil
}
