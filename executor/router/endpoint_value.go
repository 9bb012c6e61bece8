package router

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// object is the type of the values of an endpoint.
func object(e *Endpoints) cty.Type {
	return e.Schema().Types["endpoint"].Object()
}

// assigned reads an endpoint from its value; without a port yet it has Port 0.
func assigned(id sdk.Identity, v cty.Value) Assigned {
	a := Assigned{
		Stack: id.Stack, Address: id.Address,
		Component: v.GetAttr("component").AsString(), Target: v.GetAttr("target").AsString(),
	}
	if port := v.GetAttr("port"); !port.IsNull() {
		a.Port = number(port)
	}
	return a
}

// value is the value of an endpoint, all attributes known.
func value(a Assigned, wanted cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"wanted":    wanted,
		"component": cty.StringVal(a.Component),
		"target":    cty.StringVal(a.Target),
		"host":      cty.StringVal("127.0.0.1"),
		"port":      cty.NumberIntVal(int64(a.Port)),
	})
}

// wantedOf returns the attribute wanted of v, null if v is null.
func wantedOf(v cty.Value) cty.Value {
	if v == cty.NilVal || v.IsNull() {
		return cty.NullVal(cty.Number)
	}
	return v.GetAttr("wanted")
}

// number returns a whole number; what is none is not a port either, which Ports says.
func number(v cty.Value) int {
	n, _ := v.AsBigFloat().Int64()
	return int(n)
}
