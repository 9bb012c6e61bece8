package terraform_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform"
	"github.com/nsynapse/recipe/providers/terraform/terraformtest"
)

// programs is where the providers are, each built by the first test that wants it.
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "tf"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(programs)
	return m.Run()
}

var built sync.Map // name to func() error

// program is the path of a provider.
func program(t *testing.T, name string) string {
	t.Helper()
	build, _ := built.LoadOrStore(name, sync.OnceValue(func() error { return terraformtest.Build("realproviders", programs, name) }))
	if err := build.(func() error)(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(programs, name)
}

// open starts a host of its own for the test, and opens a provider in it.
func open(t *testing.T, name string) *terraform.Provider {
	t.Helper()
	h := terraform.New(terraform.Options{Dir: t.TempDir()})
	t.Cleanup(h.Close)
	return openIn(t, h, name)
}

func openIn(t *testing.T, h *terraform.Host, name string) *terraform.Provider {
	t.Helper()
	p, err := h.Open(t.Context(), "terraform/"+name, program(t, name), name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// configuration is that of a provider, as the engine has it.
func configuration(format string, args ...any) cty.Value {
	return cty.ListVal([]cty.Value{cty.StringVal(fmt.Sprintf(format, args...))})
}

// wanted is a value of a type as the engine makes it of what a recipe sets.
func wanted(p sdk.Provider, typ string, set map[string]cty.Value) cty.Value {
	schema := p.Schema().Types[typ]
	all := map[string]cty.Value{}
	for name, a := range schema.Attributes {
		switch {
		case set[name] != cty.NilVal:
			all[name] = set[name]
		case a.Default != cty.NilVal:
			all[name] = a.Default
		default:
			all[name] = cty.NullVal(a.Type)
		}
	}
	if all[sdk.ProviderAttribute].IsNull() {
		all[sdk.ProviderAttribute] = configuration("{}")
	}
	return cty.ObjectVal(all)
}
