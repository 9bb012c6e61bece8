package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// IgnoreFile is the name of the file that says what of a directory does not belong to the package.
const IgnoreFile = ".recipeignore"

// Ignore is a list of patterns as git reads them from .gitignore: `#` begins a comment, `!` takes a pattern back,
// a slash at the end means directories only, a slash elsewhere binds the pattern to the top, `*` and `?` stay within
// one name and `**` stands for any number of directories. The last pattern that fits decides. A .git is always left
// out, and so is all that lies in a directory that is left out.
type Ignore struct {
	rules []rule
}

type rule struct {
	segments []string
	dirOnly  bool
	take     bool // written with `!`: what fits belongs to the package after all
}

// ReadIgnore reads the ignore file at the top of the tree; that there is none is no error.
func ReadIgnore(fsys fs.FS) (*Ignore, error) {
	text, err := fs.ReadFile(fsys, IgnoreFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read %s: %w", IgnoreFile, err)
	}
	return ParseIgnore(string(text))
}

// ParseIgnore reads patterns, one a line.
func ParseIgnore(text string) (*Ignore, error) {
	ignore := &Ignore{}
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		if line == "" || line[0] == '#' {
			continue
		}
		r, err := parseRule(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %q is not a pattern: %w", IgnoreFile, number+1, line, err)
		}
		ignore.rules = append(ignore.rules, r)
	}
	return ignore, nil
}

func parseRule(line string) (rule, error) {
	var r rule
	line, r.take = strings.CutPrefix(line, "!")
	line, r.dirOnly = strings.CutSuffix(line, "/")
	line, anchored := strings.CutPrefix(line, "/")
	if !anchored && !strings.Contains(line, "/") {
		r.segments = []string{"**"}
	}
	for s := range strings.SplitSeq(line, "/") {
		if _, err := path.Match(s, ""); err != nil {
			return r, err
		}
		r.segments = append(r.segments, s)
	}
	return r, nil
}

// Match reports whether the path is left out; it is a Skip.
func (i *Ignore) Match(name string, dir bool) bool {
	if path.Base(name) == ".git" {
		return true
	}
	segments := strings.Split(name, "/")
	for n := len(i.rules) - 1; n >= 0; n-- {
		r := &i.rules[n]
		if (dir || !r.dirOnly) && matchSegments(r.segments, segments) {
			return !r.take
		}
	}
	return false
}

// LeavesOut reports whether a file is left out, by itself or with a directory that it lies in.
func (i *Ignore) LeavesOut(name string) bool {
	for at, c := range name {
		if c == '/' && i.Match(name[:at], true) {
			return true
		}
	}
	return i.Match(name, false)
}

// matchSegments goes back to the last `**` only, which is enough and keeps it from taking exponential time.
func matchSegments(pattern, name []string) bool {
	p, n := 0, 0
	afterStars, retry := -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			p++
			afterStars, retry = p, n
			if p == len(pattern) {
				return true
			}
		case p < len(pattern) && matchSegment(pattern[p], name[n]):
			p, n = p+1, n+1
		case afterStars >= 0:
			retry++
			p, n = afterStars, retry
		default:
			return false
		}
	}
	return p == len(pattern)
}

func matchSegment(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}
