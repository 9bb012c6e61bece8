package registry

import (
	"fmt"
	"strings"

	"github.com/nsynapse/recipe/planner/semver"
)

const (
	statusHead = "recipe status 1\n"
	statusTag  = "_status."
)

// State says whether a version may be used.
type State string

// The states of a version.
const (
	Available State = "available"
	// Yanked versions are not chosen any more; who has one locked keeps it.
	Yanked State = "yanked"
	// Revoked versions are refused, also to those who have one locked.
	Revoked State = "revoked"
)

// Status is what a publisher says about a version afterwards.
type Status struct {
	Name    string         `json:"name"`
	Version semver.Version `json:"version"`
	State   State          `json:"state"`
	Reason  string         `json:"reason,omitempty"`
	Number  int            `json:"number"` // counts up with every change
}

// Told is what users are told of a version that is not available, such as "was yanked by its publisher: loses orders".
func (s Status) Told() string {
	text := fmt.Sprintf("was %s by its publisher", s.State)
	if s.Reason != "" {
		text += ": " + s.Reason
	}
	return text
}

func parseStatus(text, name, version string) (s Status, err error) {
	if err := readSigned(text, statusHead, &s); err != nil {
		return s, err
	}
	if s.Name != name || s.Version.String() != version {
		return s, fmt.Errorf("it is about %s %v", s.Name, s.Version)
	}
	if s.State != Available && s.State != Yanked && s.State != Revoked {
		return s, fmt.Errorf("%q is no state of a version", s.State)
	}
	return s, nil
}

// tagOf is the tag of a version: tags cannot hold a plus, and versions no underscore.
func tagOf(version string) string { return strings.ReplaceAll(version, "+", "_") }

// versionOf is the version that a tag stands for; ok is false if it stands for none.
func versionOf(tag string) (v semver.Version, ok bool) {
	text := strings.ReplaceAll(tag, "_", "+")
	v, err := semver.Parse(text)
	return v, err == nil && v.String() == text // another way to write it would name the same version
}
