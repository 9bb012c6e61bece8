package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/planner/semver"
	"github.com/opencontainers/go-digest"

	"github.com/nsynapse/recipe/registry/archive"
)

// AnyPlatform is the platform of an archive for all of them.
const AnyPlatform = config.AnyPlatform

const manifestHead = "recipe package 1\n"

// Manifest is what a publisher signs of a version: all that a solver has to know, and the digests of the files.
type Manifest struct {
	Name        string         `json:"name"` // NAMESPACE/NAME
	Version     semver.Version `json:"version"`
	Kind        string         `json:"kind,omitempty"` // config.PluginKind; "" for what apps and middleware are made from
	Description string         `json:"description,omitempty"`
	Recipe      string         `json:"recipe,omitempty"`    // the constraint on recipe itself
	Coexist     bool           `json:"coexist,omitempty"`   // versions of different majors may be in one stack
	Runs        []string       `json:"platforms,omitempty"` // the platforms that the recipe names; nil for all
	Depends     []Dependency   `json:"depends,omitempty"`
	Uses        []Dependency   `json:"uses,omitempty"` // plugins
	Requires    []Requirement  `json:"requires,omitempty"`
	Provides    []Service      `json:"provides,omitempty"`
	Contracts   []Contract     `json:"contracts,omitempty"` // that the package defines
	Inputs      []Input        `json:"inputs,omitempty"`
	Types       []string       `json:"types,omitzero"` // of the resources that the recipe uses; nil if nobody said
	Readme      string         `json:"readme,omitempty"`
	Plugin      *Plugin        `json:"plugin,omitempty"` // what a plugin supplies; nil for others
	Archives    []Archive      `json:"archives"`
}

// Dependency is a need for the files of another package, or for a plugin; the constraint is "" for any version.
type Dependency struct {
	Package    string `json:"package"`
	Constraint string `json:"constraint,omitempty"`
}

// Requirement is a need for a service; the constraint is "" for any version.
type Requirement struct {
	Name       string `json:"name"` // as the recipe calls it
	Service    string `json:"service"`
	Constraint string `json:"constraint,omitempty"`
}

// Service is one on offer.
type Service struct {
	Name    string         `json:"name"`
	Version semver.Version `json:"version"`
}

// Contract is what a service is: what every consumer of it gets.
type Contract struct {
	Service    string         `json:"service"`
	Version    semver.Version `json:"version"`
	Attributes []Attribute    `json:"attributes"`
}

// Attribute is one value that a consumer of a service gets.
type Attribute struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description,omitempty"`
	Optional    bool   `json:"optional,omitempty"`  // an implementation may leave it out
	Sensitive   bool   `json:"sensitive,omitempty"` // a secret
	Since       string `json:"since,omitempty"`     // the version that brought it; "" if it was always there
}

// Input is a value that the user of the package may or has to give.
type Input struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description,omitempty"`
	Default     string `json:"default,omitempty"` // as JSON; "" if a value has to be given
}

// Archive is the files of a version for one platform.
type Archive struct {
	Platform string          `json:"platform"` // OS/ARCHITECTURE, or AnyPlatform
	Digest   digest.Digest   `json:"digest"`
	Size     int64           `json:"size"` // in bytes, compressed
	Content  archive.Content `json:"content"`
}

// Differs names the first thing that two recipes of one version do not say alike, "" if there is none; the README does not count.
func (m *Manifest) Differs(other *Manifest) string {
	for _, part := range []struct {
		name string
		of   func(*Manifest) any
	}{
		{"package", func(m *Manifest) any { return []any{m.Kind, m.Description, m.Recipe, m.Coexist, m.Runs} }},
		{"depends", func(m *Manifest) any { return m.Depends }},
		{"uses_provider", func(m *Manifest) any { return m.Uses }},
		{"requires", func(m *Manifest) any { return m.Requires }},
		{"provides", func(m *Manifest) any { return m.Provides }},
		{"contract", func(m *Manifest) any { return m.Contracts }},
		{"input", func(m *Manifest) any { return m.Inputs }},
		{"the types of resources", func(m *Manifest) any { return m.Types }},
	} {
		if !reflect.DeepEqual(part.of(m), part.of(other)) {
			return part.name
		}
	}
	return ""
}

// Namespace is the part of a package's name that says who publishes it: "acme" of "acme/shop".
func Namespace(name string) string {
	namespace, _, _ := strings.Cut(name, "/")
	return namespace
}

// Platform is the one of this machine.
func Platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// Platforms are those that there are files for; nil for all.
func (m *Manifest) Platforms() []string {
	var list []string
	for _, a := range m.Archives {
		if a.Platform == AnyPlatform {
			return m.Runs
		}
		list = append(list, a.Platform)
	}
	return list
}

// For returns the archive for a platform.
func (m *Manifest) For(platform string) (Archive, error) {
	for _, wanted := range []string{platform, AnyPlatform} {
		if at := slices.IndexFunc(m.Archives, func(a Archive) bool { return a.Platform == wanted }); at >= 0 {
			return m.Archives[at], nil
		}
	}
	return Archive{}, fmt.Errorf("%s %s is not there for %s, but for %s", m.Name, m.Version, platform, strings.Join(m.Platforms(), ", "))
}

// text is what is signed.
func (m *Manifest) text() (string, error) { return signable(manifestHead, m) }

// signable is a head and a value as JSON, which has no control characters but newlines.
func signable(head string, v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return head + b.String(), nil
}

// readSigned reads a text that was verified; one with another head was signed for another purpose.
func readSigned(text, head string, v any) error {
	body, ok := strings.CutPrefix(text, head)
	if !ok {
		return errors.New("it was signed as something else")
	}
	d := json.NewDecoder(strings.NewReader(body))
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("cannot read what was signed: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind what was signed")
	}
	return nil
}

// parseManifest reads a verified text that has to be about this version.
func parseManifest(text, name, version string) (*Manifest, error) {
	var m Manifest
	if err := readSigned(text, manifestHead, &m); err != nil {
		return nil, err
	}
	switch {
	case m.Name != name || m.Version.String() != version:
		return nil, fmt.Errorf("it is %s %v and not what was asked for", m.Name, m.Version)
	case len(m.Archives) == 0:
		return nil, errors.New("it has no files")
	case (m.Kind == config.PluginKind) != (m.Plugin != nil):
		return nil, errors.New("it does not say what it supplies as a plugin")
	}
	return &m, nil
}
