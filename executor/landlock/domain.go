package landlock

import "path/filepath"

// Least is the lowest version of the kernel's interface that is made use of.
const Least = 2

// ScopeVersion is the lowest version that keeps signals in.
const ScopeVersion = 6

// A Domain is what a process and all that it starts may do. A nil Domain is no limit.
type Domain struct {
	Base  []Rule // those that many domains share, which do not change
	Rules []Rule // and its own
	// Scoped keeps the process from signalling those outside of the domain and from connecting to their abstract sockets.
	Scoped bool
}

// A Rule allows something with a file, or with all that is below a directory. What no rule allows is refused.
type Rule struct {
	Path string // absolute; links in it are followed when the domain is entered
	Access
	Optional bool // it is passed over if there is no such file
}

// Program is the rule for what is executed itself: a path that may be relative to dir, or to the root if dir is "". One that is not
// there is no error here, since who executes it says that better.
func Program(path, dir string) Rule {
	if !filepath.IsAbs(path) {
		path = filepath.Join("/", dir, path)
	}
	return Rule{Path: path, Access: Read, Optional: true}
}

// Access is what may be done with a file.
type Access uint8

const (
	Read  Access = iota // read, execute, and list
	Write               // and write, make, move and remove
)

// With returns a domain that allows more. A nil domain stays one.
func (d *Domain) With(rules ...Rule) *Domain {
	if d == nil {
		return nil
	}
	return &Domain{Base: d.Base, Rules: append(d.Rules[:len(d.Rules):len(d.Rules)], rules...), Scoped: d.Scoped}
}

// Open returns the domain without its scope. A nil domain stays one.
func (d *Domain) Open() *Domain {
	if d == nil {
		return nil
	}
	return &Domain{Base: d.Base, Rules: d.Rules}
}
