// Command plugin-postgresql is an example of a plugin: the provider acme/postgresql, which installs extensions in databases
// of PostgreSQL.
package main

import (
	"github.com/nsynapse/recipe/providers/plugin"
	"github.com/nsynapse/recipe/providers/sdk/typed"
)

func main() { plugin.Serve(typed.Provider(extension())) }
