package deb

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/nsynapse/recipe/lang/pattern"
)

// pkg is one version of a package. What is exported is kept in the manifest of a store entry.
type pkg struct {
	Name      string
	Version   string
	SHA256    string
	Size      int64    // of the file, in bytes
	Installed int64    // of what is in it, in bytes; 0 if the source does not say
	URLs      []string // where the file is; none in what a lock file says
	Origin    string   // who publishes it, with suite and component: "Debian bookworm main"; "" if nobody says

	notAutomatic bool
	depends      []alternatives
	provides     []relation
}

// Names and versions go into keys, paths and error texts.
var (
	namePattern    = pattern.New(`^[a-z0-9][a-z0-9+.-]*$`)
	versionPattern = pattern.New(`^[0-9A-Za-z.+~:-]+$`)
	originPattern  = pattern.New(`^[0-9A-Za-z.+~:/_-]+$`)
	digestPattern  = pattern.New(`^[0-9a-f]{64}$`)
)

func (x *index) parse(text string) (*pkg, error) {
	f := parseParagraph(text)
	p := &pkg{
		Name: f["package"], Version: f["version"], SHA256: f["sha256"], Origin: x.origin, notAutomatic: x.notAutomatic,
		depends: append(parseRelations(f["pre-depends"]), parseRelations(f["depends"])...),
	}
	for _, provided := range parseRelations(f["provides"]) {
		p.provides = append(p.provides, provided...)
	}
	if !namePattern.MatchString(p.Name) || !versionPattern.MatchString(p.Version) || !digestPattern.MatchString(p.SHA256) {
		return nil, fmt.Errorf("the list of packages has an entry that cannot be used: %q %q", p.Name, p.Version)
	}
	var err error
	if p.Size, err = strconv.ParseInt(f["size"], 10, 64); err != nil || p.Size <= 0 {
		return nil, fmt.Errorf("the list of packages gives %s the size %q", p.Name, f["size"])
	}
	kib, err := strconv.ParseInt(f["installed-size"], 10, 40)
	if err == nil && kib > 0 {
		p.Installed = kib << 10
	}
	for _, base := range x.uris {
		u, err := url.Parse(base)
		if err != nil {
			return nil, err
		}
		p.URLs = append(p.URLs, u.JoinPath(escapePath(f["filename"])).String())
	}
	return p, nil
}

// escapePath makes a file name part of an address: a percent sign in it stands for itself.
func escapePath(name string) string {
	return (&url.URL{Path: strings.TrimPrefix(name, "./")}).EscapedPath()
}

// as reports whether the package meets the relation, by its own name or by one that it provides.
func (p *pkg) as(r relation) bool {
	if p.Name == r.name && r.admits(p.Version) {
		return true
	}
	for _, provided := range p.provides {
		// A provided name without a version meets only relations without one: Debian policy 7.5.
		if provided.name == r.name && (r.op == "" || provided.op == "=" && r.admits(provided.version)) {
			return true
		}
	}
	return false
}

func (p *pkg) pin() string { return p.Name + "=" + p.Version }
