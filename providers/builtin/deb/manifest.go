package deb

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/providers/builtin/fetch"
)

// manifest is what an entry of the store is made of: packages ordered by name. It is kept beside the downloads as
// <key>.json, so that the same entry can be made again when the sources have moved on to newer versions.
type manifest []*pkg

func newManifest(packages []*pkg) manifest {
	m := slices.Clone(packages)
	slices.SortFunc(m, func(a, b *pkg) int { return strings.Compare(a.pin(), b.pin()) })
	return m
}

// key names the entry: "deb-" and the SHA-256 of the line "recipe deb 1" and of a line with name, version and digest
// for each package, none of which holds a blank.
func (m manifest) key() string {
	sum := sha256.New()
	fmt.Fprintln(sum, "recipe deb 1")
	for _, p := range m {
		fmt.Fprintln(sum, p.Name, p.Version, p.SHA256)
	}
	return "deb-" + hex.EncodeToString(sum.Sum(nil))
}

// pins lists the packages as "name=version".
func (m manifest) pins() []string {
	pins := make([]string, len(m))
	for i, p := range m {
		pins[i] = p.pin()
	}
	return pins
}

func (m manifest) write(dir string) error {
	text, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}
	return writeAtOnce(filepath.Join(dir, m.key()+".json"), append(text, '\n'))
}

// readManifest returns the manifest of the entry, or nil if there is none that says what the key stands for.
func readManifest(dir, key string) manifest {
	text, err := os.ReadFile(filepath.Join(dir, filepath.Base(key)+".json"))
	var m manifest
	if err != nil || json.Unmarshal(text, &m) != nil || slices.Contains(m, nil) || m.key() != key {
		return nil
	}
	return m
}

func (p *pkg) request() fetch.Request {
	return fetch.Request{URLs: p.URLs, SHA256: p.SHA256, Size: p.Size, Name: p.Name + " " + p.Version}
}
