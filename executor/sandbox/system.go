package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/executor/landlock"
)

// readable is what programs of a system find their code, settings and facts in. Not all of it is on every system.
var readable = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt",
	"/nix/store", "/gnu/store", "/snap", // programs of NixOS, Guix and snap
	"/proc", "/sys", // of other processes only what everybody sees: the kernel asks the domain, too
	"/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager/resolv.conf", "/run/nscd", "/run/current-system", // where links of /etc lead
	"/var/lib/ca-certificates", "/var/cache/fontconfig",
}

// writable are devices that everybody has, terminals, and the memory that programs share under a name.
var writable = []string{
	"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
	"/dev/tty", "/dev/ptmx", "/dev/pts",
	"/dev/shm", "/dev/mqueue",
}

// system are the rules that are the same for all instances of an agent. Directories that are links into others of the list, as /bin
// mostly is, need none: each rule takes time at each start.
func system(home string) []landlock.Rule {
	var rules []landlock.Rule
	for _, path := range readable {
		if real := resolved(path); real != path && slices.ContainsFunc(readable, func(other string) bool { return within(real, other) }) {
			continue
		}
		rules = append(rules, beside(path, home, landlock.Read)...)
	}
	for _, path := range writable {
		rules = append(rules, beside(path, home, landlock.Write)...)
	}
	return append(rules, landlock.Rule{Path: filepath.Join(home, "store"), Access: landlock.Read, Optional: true})
}

// beside allows path, but not home in it: then what is there now beside the way to home, one by one. Both may have links.
func beside(path, home string, access landlock.Access) []landlock.Rule {
	if !within(resolved(home), resolved(path)) {
		return []landlock.Rule{{Path: path, Access: access, Optional: true}}
	}
	entries, err := os.ReadDir(path)
	if err != nil || resolved(path) == resolved(home) {
		return nil
	}
	var rules []landlock.Rule
	for _, e := range entries {
		rules = append(rules, beside(filepath.Join(path, e.Name()), home, access)...)
	}
	return rules
}

// resolved is path without links, as far as it is there.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if dir := filepath.Dir(path); dir != path {
		return filepath.Join(resolved(dir), filepath.Base(path))
	}
	return path
}

// within reports whether a path is another one or below it. Both are clean.
func within(inner, outer string) bool {
	return inner == outer || strings.HasPrefix(inner, strings.TrimSuffix(outer, "/")+"/")
}
