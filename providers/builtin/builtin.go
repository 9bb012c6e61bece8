package builtin

import (
	"crypto/rand"
	"io"
	"os"

	"github.com/nsynapse/recipe/executor/sandbox"
	"github.com/nsynapse/recipe/providers/builtin/archive"
	"github.com/nsynapse/recipe/providers/builtin/deb"
	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Options are what the types need from the program around them. The zero value works for everything but building.
type Options struct {
	Store   Store           // where go_build puts what it builds; nil refuses to build
	Random  io.Reader       // randomness for secrets, safe for concurrent use; nil for the system's
	Environ []string        // the host's environment, "NAME=value"; nil for that of this process
	Fetcher *fetch.Fetcher  // downloads for deb and archive; nil is enough for their schemas
	Sandbox *sandbox.Policy // what commands are kept to; nil for nothing
}

// New returns the provider of all types in the box.
func New(o Options) sdk.Provider {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	p := provider{types: make(map[string]entry)}
	for _, e := range entries(o) {
		p.types[e.name] = e
	}
	return p
}

// entry is one type of the list.
type entry struct {
	name     string
	schema   sdk.TypeSchema
	resource sdk.Resource
}

// entries is the list of all types. A type in a package of its own is one more line here.
func entries(o Options) []entry {
	return []entry{
		{"directory", directorySchema(), directory{}},
		{"file", fileSchema(), newFile(fileSchema())},
		{"template", templateSchema(), newFile(templateSchema())},
		{"command", commandSchema(), command{environ: o.Environ, sandbox: o.Sandbox}},
		{"go_build", goBuildSchema(), goBuild{store: o.Store, environ: o.Environ}},
		{"backup", backupSchema(), noted{}},
		{"secret", secretSchema(), secret{random: o.Random}},
		{"postgresql_database", postgresqlDatabaseSchema(), postgresqlDatabase{random: o.Random}},
		{"redis_user", redisUserSchema(), redisUser{}},
		{"deb", deb.Schema(), deb.New(o.Store, o.Fetcher, deb.Options{})},
		{"archive", archive.Schema(), archive.New(o.Store, o.Fetcher)},
	}
}

type provider struct{ types map[string]entry }

var _ sdk.Provider = provider{}

func (p provider) Schema() sdk.Schema {
	s := sdk.Schema{Types: make(map[string]sdk.TypeSchema, len(p.types))}
	for name, e := range p.types {
		s.Types[name] = e.schema
	}
	return s
}

func (p provider) Resource(name string) sdk.Resource {
	return p.types[name].resource // nil for a type that is not listed
}
