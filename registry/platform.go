package registry

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/diag"
)

// The operating systems and architectures that Go has names for.
var (
	systems = []string{
		"aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "linux", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows",
	}
	architectures = []string{
		"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm",
	}
)

// otherNames are what others call some of them.
var otherNames = map[string]string{
	"macos": "darwin", "osx": "darwin", "win32": "windows",
	"x86_64": "amd64", "x86-64": "amd64", "x64": "amd64", "aarch64": "arm64", "armv7": "arm", "arm/v7": "arm", "i386": "386", "i686": "386", "x86": "386",
}

// PlatformWayOut is a sentence that says what to write instead of a platform that is none, as nobody could use what is published for
// it; "" for a platform. AnyPlatform is none.
func PlatformWayOut(name string) string {
	system, architecture, ok := strings.Cut(name, "/")
	if !ok || system == "" || architecture == "" {
		return "Name it as OS/ARCH, such as linux/amd64."
	}
	nearSystem, nearArchitecture := nearest(system, systems), nearest(architecture, architectures)
	switch {
	case nearSystem == "":
		return "The operating systems are " + strings.Join(systems, ", ") + "."
	case nearArchitecture == "":
		return "The architectures are " + strings.Join(architectures, ", ") + "."
	case nearSystem != system || nearArchitecture != architecture:
		return fmt.Sprintf("Did you mean %q?", nearSystem+"/"+nearArchitecture)
	}
	return ""
}

// nearest is the one among known that name is, is called elsewhere or is a misspelling of; "" if there is none.
func nearest(name string, known []string) string {
	if slices.Contains(known, name) {
		return name
	}
	if other := otherNames[strings.ToLower(name)]; slices.Contains(known, other) {
		return other
	}
	return diag.Suggest(name, known)
}

// checkPlatforms refuses platforms of a recipe that are none. Who reads what is published does not: there may be more of them by then.
func checkPlatforms(r *config.Recipe) (diags hcl.Diagnostics) {
	for _, name := range r.Platforms {
		if wayOut := PlatformWayOut(name); wayOut != "" {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Subject: r.PlatformsRange.Ptr(), Summary: "Unknown platform",
				Detail: fmt.Sprintf("%q is not a platform. %s", name, wayOut)})
		}
	}
	return diags
}
