package deb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	"github.com/nsynapse/recipe/providers/builtin/fetch"
)

const (
	releaseAge   = time.Hour // how long a Release file is good without asking again
	releaseLimit = 16 << 20  // bytes
)

// release is what a signed Release file says.
type release struct {
	byHash       bool
	notAutomatic bool              // its packages are taken only when no other source has them
	allApart     bool              // packages for all architectures have an index of their own
	origin       string            // who publishes it and which of their suites it is: "Debian bookworm"; what is not said is left out
	files        map[string]listed // by path below the Release file
	stale        error             // why the server could not be asked; nil if it could
}

// listed is a file as a Release file lists it.
type listed struct {
	sha256 string
	size   int64
}

// readRelease gets the Release file of the source and verifies its signature.
func (l *loader) readRelease(ctx context.Context, s *source) (*release, error) {
	keys, err := s.keyring(l.aptDir)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, uri := range s.uris {
		text, stale, err := l.signedRelease(ctx, s.dir(uri), keys)
		if err == nil {
			r, err := parseRelease(text, s, l.now())
			if err == nil {
				r.stale = stale
				return r, nil
			}
			problems = append(problems, err)
			continue
		}
		problems = append(problems, err)
	}
	return nil, errors.Join(problems...)
}

func (l *loader) signedRelease(ctx context.Context, dir string, keys openpgp.EntityList) (text string, stale, err error) {
	inline, err := l.fetcher.Document(ctx, dir+"/InRelease", releaseAge, releaseLimit)
	if err == nil {
		text, err := verifyInline(inline.Content, keys, l.now())
		return text, inline.Stale, err
	}
	if !errors.Is(err, fetch.ErrNotFound) {
		return "", nil, err
	}
	plain, err := l.fetcher.Document(ctx, dir+"/Release", releaseAge, releaseLimit)
	if err != nil {
		return "", nil, err
	}
	signature, err := l.fetcher.Document(ctx, dir+"/Release.gpg", releaseAge, releaseLimit)
	if err != nil {
		return "", nil, err
	}
	err = verifyDetached(plain.Content, signature.Content, keys, l.now())
	return string(plain.Content), errors.Join(plain.Stale, signature.Stale), err
}

func parseRelease(text string, s *source, now time.Time) (*release, error) {
	p := parseParagraph(text)
	if until := p["valid-until"]; until != "" && s.checkValidUntil {
		end, err := parseDate(until)
		if err != nil {
			return nil, err
		}
		if now.After(end) {
			return nil, fmt.Errorf("it was valid until %s only: the mirror is out of date or someone serves an old state (or the clock of this machine is wrong)", until)
		}
	}
	r := &release{
		byHash:       p["acquire-by-hash"] == "yes",
		notAutomatic: p["notautomatic"] == "yes",
		allApart: slices.Contains(p.words("architectures"), "all") &&
			p["no-support-for-architecture-all"] != "Packages",
		origin: strings.Join(strings.Fields(cmp.Or(p["origin"], p["label"])+" "+cmp.Or(p["codename"], p["suite"])), " "),
		files:  map[string]listed{},
	}
	for line := range strings.Lines(p["sha256"]) {
		words := strings.Fields(line)
		if len(words) != 3 {
			continue
		}
		size, err := strconv.ParseInt(words[1], 10, 64)
		if err != nil || size < 0 {
			return nil, fmt.Errorf("it lists %s with a size of %q", words[2], words[1])
		}
		r.files[words[2]] = listed{words[0], size}
	}
	return r, nil
}

func parseDate(text string) (time.Time, error) {
	for _, layout := range []string{"Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05 -0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date", text)
}
