package router

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/port"
	"github.com/nsynapse/recipe/providers/sdk"
)

var none = cty.NullVal(cty.Number)

// wish is an endpoint as planned; port is null before the first creation.
func wish(wanted, port cty.Value) cty.Value {
	host := cty.NullVal(cty.String)
	if !port.IsNull() {
		host = cty.StringVal("127.0.0.1")
	}
	return cty.ObjectVal(map[string]cty.Value{
		"wanted": wanted, "component": cty.StringVal("middleware.main"), "target": cty.StringVal("sql"),
		"host": host, "port": port,
	})
}

func request(address string, before, after cty.Value) sdk.ApplyRequest {
	id := sdk.Identity{Address: address, Stack: "shop", Known: before}
	return sdk.ApplyRequest{Identity: id, Before: before, After: after, Token: "t"}
}

func apply(t *testing.T, e *Endpoints, r sdk.ApplyRequest) cty.Value {
	t.Helper()
	v, diagnostics := e.Apply(t.Context(), r)
	if err := diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEndpointLives(t *testing.T) {
	var changes []string
	e := NewEndpoints(port.New(0, 0, 23000), func(_ context.Context, name string) error {
		changes = append(changes, name)
		return nil
	})
	absent := cty.NullVal(object(e))
	create := request("a", absent, wish(none, none))
	v := apply(t, e, create)
	if !v.Type().Equals(object(e)) || !v.IsWhollyKnown() || v.GetAttr("host").AsString() != "127.0.0.1" {
		t.Fatalf("got %#v", v)
	}
	if again := apply(t, e, create); !again.RawEquals(v) {
		t.Errorf("a second attempt gave %#v, not %#v", again, v)
	}
	if read, _ := e.Read(t.Context(), sdk.Identity{Address: "a", Stack: "shop", Known: v}); !read.RawEquals(v) {
		t.Errorf("read %#v, want %#v", read, v)
	}
	if all := e.List(); len(all) != 1 || all[0].Name() != "shop/a" || all[0].Component != "middleware.main" || all[0].Target != "sql" {
		t.Errorf("the list is %+v", all)
	}
	if gone := apply(t, e, request("a", v, absent)); !gone.IsNull() || len(e.List()) != 0 {
		t.Errorf("after deletion: %#v, %v", gone, e.List())
	}
	if read, _ := e.Read(t.Context(), create.Identity); !read.IsNull() {
		t.Errorf("read %#v after deletion", read)
	}
	if back := apply(t, e, request("a", absent, v)); !back.RawEquals(v) {
		t.Errorf("undoing the deletion gave %#v, not %#v", back, v)
	}
	if fmt.Sprint(changes) != "[shop/a shop/a shop/a shop/a]" {
		t.Errorf("told %v", changes)
	}
}

func TestEndpointOnAWantedPort(t *testing.T) {
	e := NewEndpoints(port.New(0, 0, 0), func(context.Context, string) error { return nil })
	absent, p := cty.NullVal(object(e)), freePort(t)
	wanted := cty.NumberIntVal(int64(p))
	if v := apply(t, e, request("a", absent, wish(wanted, none))); !v.GetAttr("port").RawEquals(wanted) {
		t.Errorf("got %#v", v)
	}
	v, diagnostics := e.Apply(t.Context(), request("b", absent, wish(wanted, none)))
	want := fmt.Sprintf("no port for the endpoint: port %d is taken by shop/a", p)
	if err := diagnostics.Err(); err == nil || err.Error() != want || !v.IsNull() {
		t.Errorf("got %#v, %v; want %s", v, err, want)
	}
}

func TestEndpointThatDoesNotListenIsTakenBack(t *testing.T) {
	ports := port.New(0, 0, 0)
	var failure error = errors.New("port is taken by process 7")
	e := NewEndpoints(ports, func(context.Context, string) error { return failure })
	absent, p := cty.NullVal(object(e)), freePort(t)
	v, diagnostics := e.Apply(t.Context(), request("a", absent, wish(none, cty.NumberIntVal(int64(p)))))
	if !diagnostics.HasErrors() || !v.IsNull() || len(e.List()) != 0 {
		t.Errorf("got %#v, %v, %v", v, diagnostics, e.List())
	}
	if _, err := ports.Allot("other", p); err != nil {
		t.Errorf("the port was kept: %v", err)
	}
	failure = nil
	v = apply(t, e, request("a", absent, wish(none, none)))
	failure = errors.New("no router")
	if left, diagnostics := e.Apply(t.Context(), request("a", v, absent)); !diagnostics.HasErrors() || !left.RawEquals(v) {
		t.Errorf("a deletion that failed left %#v, %v", left, diagnostics)
	}
}

func TestEndpointIsRestored(t *testing.T) {
	ports := port.New(0, 0, 0)
	e := NewEndpoints(ports, func(context.Context, string) error { return nil })
	v := value(Assigned{Component: "middleware.main", Target: "sql", Port: 24001}, none)
	id := sdk.Identity{Address: "a", Stack: "shop", Known: v}
	if err := e.Restore(id); err != nil {
		t.Fatal(err)
	}
	if read, _ := e.Read(t.Context(), id); !read.RawEquals(v) {
		t.Errorf("read %#v, want %#v", read, v)
	}
	if _, err := ports.Allot("other", 24001); err == nil {
		t.Error("the port was not reserved")
	}
}
