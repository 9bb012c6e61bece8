package origin

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"strings"

	"github.com/hashicorp/go-getter/v2"

	"github.com/nsynapse/recipe/lang/pattern"
)

var (
	commitPattern = pattern.New(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	refPattern    = pattern.New(`^[A-Za-z0-9][A-Za-z0-9._/+-]*$`) // an option would begin with a dash
	sumPattern    = pattern.New(`^sha256:[0-9a-f]{64}$`)
)

// Address is where a package is to be got from. It is made by Parse.
type Address struct {
	text     string
	git      bool
	location string // of the repository or archive, without what is ours
	sub      string // "." for all of it
	ref      string // of git; "" for HEAD
	sha256   string // of an archive
}

// Remote reports whether a source is an address and no path of a directory.
func Remote(source string) bool {
	return strings.Contains(source, "::") || strings.Contains(source, "://")
}

// Parse reads an address.
func Parse(source string) (Address, error) {
	forced, rest, ok := strings.Cut(source, "::")
	if !ok {
		forced, rest = "", source
	}
	location, sub := getter.SourceDirSubdir(rest)
	u, err := url.Parse(location)
	if err != nil {
		return Address{}, fmt.Errorf("%q is not an address", source)
	}
	a := Address{text: source, git: forced == "git", sub: "."}
	if sub != "" {
		a.sub = strings.TrimSuffix(sub, "/")
	}
	switch _, password := u.User.Password(); {
	case forced != "" && forced != "git":
		return a, fmt.Errorf("a source is got by git:: or is an archive; %s:: is not known", forced)
	case password:
		return a, errors.New("an address has no password: it would be in the stack file and in every plan; use the credentials of git")
	case strings.HasPrefix(u.Host, "-") || u.Host == "" && u.Scheme != "file":
		return a, fmt.Errorf("%q has no host", source)
	case !fs.ValidPath(a.sub):
		return a, fmt.Errorf("%q is no directory inside of it", sub)
	}
	if a.git {
		return a, a.parseGit(u)
	}
	return a, a.parseArchive(u)
}

func (a *Address) parseGit(u *url.URL) error {
	query := u.Query()
	a.ref = query.Get("ref")
	query.Del("ref")
	switch {
	case len(query) > 0:
		return fmt.Errorf("git takes ?ref=TAG and nothing else, not %q", query.Encode())
	case a.ref != "" && !refPattern.MatchString(a.ref):
		return fmt.Errorf("%q is not a tag, a branch or a commit", a.ref)
	}
	switch u.Scheme {
	case "https", "ssh", "file":
	case "http", "git":
		if !loopback(u.Hostname()) {
			return fmt.Errorf("over %s anybody on the way could put in another repository; use https or ssh", u.Scheme)
		}
	default:
		return fmt.Errorf("git is asked by https, ssh or file, not by %q; git@HOST:PATH is written ssh://git@HOST/PATH", u.Scheme)
	}
	u.RawQuery = ""
	a.location = u.String()
	return nil
}

func (a *Address) parseArchive(u *url.URL) error {
	query := u.Query()
	sum := query.Get("checksum")
	query.Del("checksum")
	switch {
	case u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "file":
		return fmt.Errorf("an archive is got by https, http or file, not by %q; a repository is written git::%s", u.Scheme, a.text)
	case sum == "":
		return fmt.Errorf("it could be another archive tomorrow: add ?checksum=sha256: and what sha256sum prints for it; a repository is written git::%s", a.text)
	case !sumPattern.MatchString(sum):
		return fmt.Errorf("%q is not a checksum, which is sha256: and 64 lower-case hexadecimal digits", sum)
	}
	u.RawQuery = query.Encode()
	a.location, a.sha256 = u.String(), strings.TrimPrefix(sum, "sha256:")
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Location is the repository or archive, without directory, tag and checksum.
func (a Address) Location() string { return a.location }

// Fixed is the pin that the address has itself: a digest or the full id of a commit; "" if it names something that moves.
func (a Address) Fixed() string {
	if !a.git {
		return "sha256:" + a.sha256
	}
	if commitPattern.MatchString(a.ref) {
		return a.ref
	}
	return ""
}

// At is the address with the commit in place of a tag or branch.
func (a Address) At(pin string) string {
	if !a.git {
		return a.text
	}
	before, _, _ := strings.Cut(a.text, "?")
	return before + "?ref=" + pin
}
