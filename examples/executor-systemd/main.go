// Command executor-systemd is an example of an executor outside of recipe: acme/systemd runs the processes of instances as
// transient units of systemd. systemd starts them again, bounds them and ends them; this program places them and tells how they are.
package main

import (
	"os"

	"github.com/nsynapse/recipe/providers/plugin"
)

func main() { plugin.Serve(newExecutor(newManager(socket()), os.Getuid() == 0)) }
