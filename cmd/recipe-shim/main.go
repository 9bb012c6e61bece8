// Command recipe-shim is the parent of one app. The agent starts it; it is of no use by hand. See
// executor/shim/shimmain.
package main

import (
	"os"

	"github.com/nsynapse/recipe/executor/shim/shimmain"
)

func main() { os.Exit(shimmain.Main(os.Args[1:])) }
