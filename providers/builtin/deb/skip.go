package deb

import (
	"slices"
	"strings"
)

// neverNeeded are packages that serve only to set up a whole machine, or to do so by scripts that do not run here.
var neverNeeded = []string{
	"adduser", "cdebconf", "debconf", "debconf-2.0", "dbus-user-session", "init-system-helpers", "libpam-systemd",
	"locales", "locales-all", "lsb-base", "netbase", "perl", "policykit-1", "postgresql-client-common",
	"postgresql-common", "sensible-utils", "ssl-cert", "systemd", "systemd-sysv", "sysvinit-core", "ucf", "udev",
	"xdg-utils",
}

// neverNeededPrefixes are families of them; PostgreSQL asks for LLVM, 100 MB of it, only to compile queries.
var neverNeededPrefixes = []string{"libllvm", "systemd-"}

// skipper reports what is left out: what is never needed and what this user excludes.
func skipper(exclude []string) func(name string) bool {
	return func(name string) bool {
		if slices.Contains(neverNeeded, name) || slices.Contains(exclude, name) {
			return true
		}
		return slices.ContainsFunc(neverNeededPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	}
}
