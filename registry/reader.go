package registry

import (
	"path/filepath"

	"github.com/nsynapse/recipe/registry/trust"
)

// Reader is somebody who reads registries: whom he trusts, and what he saw before.
type Reader struct {
	Ring   *trust.Keyring // nil for one who only publishes
	Memory *Memory        // nil for one who remembers nothing
	Cache  string         // a directory for small objects; "" for none
}

// ReaderOf returns the reader whose files lie in a RECIPE_HOME: trust.json, seen/ and cache/.
func ReaderOf(home string) Reader {
	return Reader{Ring: trust.Open(filepath.Join(home, "trust.json")), Memory: OpenMemory(filepath.Join(home, "seen")),
		Cache: filepath.Join(home, "cache")}
}
