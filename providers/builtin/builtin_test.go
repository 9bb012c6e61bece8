package builtin_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
	"github.com/zclconf/go-cty/cty"
)

func str(s string) cty.Value { return cty.StringVal(s) }

func strs(all ...string) cty.Value {
	var values []cty.Value
	for _, s := range all {
		values = append(values, cty.StringVal(s))
	}
	return cty.ListVal(values)
}

// one is one thing of a type, without a suite around it.
type one struct {
	t        *testing.T
	schema   sdk.TypeSchema
	resource sdk.Resource
}

func newOne(t *testing.T, o builtin.Options, name string) one {
	p := builtin.New(o)
	return one{t, p.Schema().Types[name], p.Resource(name)}
}

func (o one) object(values sdktest.Values) cty.Value { return sdktest.Object(o.schema, values) }

func (o one) null() cty.Value { return cty.NullVal(o.schema.Object()) }

func (o one) apply(ctx context.Context, before, after cty.Value, token string) (cty.Value, error) {
	v, diags := o.resource.Apply(ctx, sdk.ApplyRequest{
		Identity: sdk.Identity{Address: "app.shop[0].step.it", Stack: "shop", Known: before},
		Before:   before, After: after, Token: token,
	})
	return v, diags.Err()
}

// create applies values and fails the test if that fails.
func (o one) create(values sdktest.Values) cty.Value {
	o.t.Helper()
	v, err := o.apply(o.t.Context(), o.null(), o.object(values), "create")
	if err != nil {
		o.t.Fatal(err)
	}
	return v
}

// refuse applies values and returns the error that it has to give.
func (o one) refuse(values sdktest.Values) string {
	o.t.Helper()
	_, err := o.apply(o.t.Context(), o.null(), o.object(values), "refuse")
	if err == nil {
		o.t.Fatalf("%v is not refused", values)
	}
	return err.Error()
}

func content(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "(none)"
	}
	return string(b)
}

func mustWrite(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// What the docs and plans are made from is there for every type, and an unknown type is nil.
func TestTypes(t *testing.T) {
	p := builtin.New(builtin.Options{})
	for name := range p.Schema().Types {
		if p.Resource(name) == nil {
			t.Errorf("type %q is listed and not supplied", name)
		}
	}
	if p.Resource("no such type") != nil {
		t.Error("an unknown type is supplied")
	}
}

// read returns what Read reports and fails the test if that fails.
func read(o one, known cty.Value) cty.Value {
	o.t.Helper()
	v, diags := o.resource.Read(o.t.Context(), sdk.Identity{Address: "app.shop[0].step.it", Stack: "shop", Known: known})
	if err := diags.Err(); err != nil {
		o.t.Fatal(err)
	}
	return v
}
