package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/pattern"

	"github.com/nsynapse/recipe/providers/sdk"
)

var (
	sha256Pattern = pattern.New(`^[0-9a-f]{64}$`)
	commitPattern = pattern.New(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
)

// wish is what the user set.
type wish struct {
	source string // without "git::"
	sha256 string // of the archive; "" for git
	commit string // "" for an archive
	strip  int
}

func readWish(v cty.Value) (wish, sdk.Diagnostics) {
	var w wish
	git := false
	w.source, git = strings.CutPrefix(v.GetAttr("source").AsString(), "git::")
	kind, sum, _ := strings.Cut(v.GetAttr("checksum").AsString(), ":")
	switch {
	case git && kind == "git" && commitPattern.MatchString(sum):
		w.commit = sum
	case git:
		return w, wrong("checksum", `A git source needs "git:" and the full id of the commit, as "git rev-parse HEAD" prints it.`)
	case kind == "sha256" && sha256Pattern.MatchString(sum):
		w.sha256 = sum
	default:
		return w, wrong("checksum", `It has to be "sha256:" and the 64 lower-case hexadecimal digits of the archive's digest, as sha256sum prints them.`)
	}
	if u, err := url.Parse(w.source); err != nil || !known(u.Scheme, git) {
		return w, wrong("source", "It has to be an http, https or file address, or git:: and an address of http, https, ssh or file.")
	}
	if strip := v.GetAttr("strip"); !strip.IsNull() {
		n, accuracy := strip.AsBigFloat().Int64()
		if accuracy != 0 || n < 0 || n > 100 {
			return w, wrong("strip", "It has to be a whole number from 0 to 100.")
		}
		w.strip = int(n)
	}
	if git && w.strip != 0 {
		return w, wrong("strip", "A git source has no leading directories; name one as git::<address>//<directory>.")
	}
	return w, nil
}

func known(scheme string, git bool) bool {
	switch scheme {
	case "http", "https", "file":
		return true
	case "ssh":
		return git
	}
	return false
}

func wrong(attribute, detail string) sdk.Diagnostics {
	return sdk.Diagnostics{{Summary: "Invalid " + attribute, Detail: detail, Path: cty.GetAttrPath(attribute)}}
}

// key names the entry by what it holds and how that was unpacked. Where it came from matters for git only, because
// of the directory in the address.
func (w wish) key() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "recipe archive 1\nsha256 %s strip %d\n", w.sha256, w.strip)
	if w.commit != "" {
		fmt.Fprintf(sum, "git %s %s\n", w.commit, w.source)
	}
	return "src-" + hex.EncodeToString(sum.Sum(nil))
}

// shown is the source without its password, for errors.
func (w wish) shown() string {
	u, err := url.Parse(w.source)
	if err != nil {
		return "the source"
	}
	return u.Redacted()
}

// name is the last part of the address, for progress.
func (w wish) name() string {
	u, err := url.Parse(w.source)
	if err != nil || u.Path == "" {
		return "the source"
	}
	return path.Base(u.Path)
}
