// Package terraformtest builds providers of Terraform from their source, for tests.
package terraformtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// packages are the providers of the module realproviders: five of hashicorp, which speak version 5 of the protocol, and six.
var packages = map[string]string{
	"http":  "github.com/terraform-providers/terraform-provider-http",
	"local": "github.com/terraform-providers/terraform-provider-local",
	"null":  "github.com/terraform-providers/terraform-provider-null",
	"time":  "github.com/hashicorp/terraform-provider-time",
	"tls":   "github.com/hashicorp/terraform-provider-tls",
	"six":   "./six",
}

// Build builds the named providers into a directory, under their names. module is the path of realproviders. The first time
// costs a minute of a processor, most of it for what all of them share; Go keeps what it has built.
func Build(module, dir string, names ...string) error {
	for _, name := range names {
		cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(dir, name), packages[name])
		cmd.Dir, cmd.Env = module, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot build the Terraform provider %s: %w\n%s", name, err, out)
		}
	}
	return nil
}
