package child

import (
	"path/filepath"
	"slices"
	"strings"
)

// passed are the variables that a plugin gets from our environment: how to find programs, to speak, and to reach the net.
var passed = []string{
	"PATH", "LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"SYSTEMROOT", "SystemRoot", "PATHEXT", "COMSPEC", // without which nothing runs on Windows
}

// environment is all that the program finds in its environment but what go-plugin tells it.
func (p Program) environment() []string {
	tmp := filepath.Join(p.Dir, "tmp")
	env := []string{"HOME=" + p.Dir, "TMPDIR=" + tmp, "TMP=" + tmp, "TEMP=" + tmp}
	// Python writes what it has compiled beside its modules, which would change the package in the store.
	env = append(env, "PYTHONPYCACHEPREFIX="+filepath.Join(p.Dir, "pycache"))
	for _, variable := range p.Environ {
		if name, _, _ := strings.Cut(variable, "="); slices.Contains(passed, name) {
			env = append(env, variable)
		}
	}
	return env
}
