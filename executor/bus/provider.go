package bus

import (
	"context"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// Provider returns the supplier of the resource type "bus_user": one user of a bus on this machine.
func Provider() sdk.Provider { return provider{} }

type provider struct{}

// Schema implements sdk.Provider.
func (provider) Schema() sdk.Schema {
	return sdk.Schema{Types: map[string]sdk.TypeSchema{"bus_user": {
		Description: "A user of the message bus in the box.",
		Attributes: map[string]sdk.Attribute{
			"directory": {Type: cty.String, Required: true, Replace: true, Description: "The directory of the bus."},
			"username":  {Type: cty.String, Required: true, Replace: true, Description: "The name to log in with: letters, digits, - and _."},
			"password":  {Type: cty.String, Required: true, Sensitive: true, Description: "The password, generated with 160 bits or more."},
		},
	}}}
}

// Resource implements sdk.Provider.
func (provider) Resource(name string) sdk.Resource {
	if name != "bus_user" {
		return nil
	}
	return user{}
}

type user struct{}

var _ sdk.Resource = user{}

// account is the value of a user.
type account struct {
	directory, username, password string
}

// Read implements sdk.Resource. Of a password that is not the known one nothing can be told; it is read as "".
func (user) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	if id.Known == cty.NilVal || id.Known.IsNull() {
		return absent(), nil
	}
	a := accountOf(id.Known)
	found, err := hasUser(a.directory, a.username)
	if err != nil {
		return id.Known, sdk.Errorf("cannot look up the user of the bus", "%s", err)
	}
	if !found {
		return absent(), nil
	}
	if !admits(a.directory, a.username, a.password) {
		a.password = ""
	}
	return a.value(), nil
}

// Apply implements sdk.Resource. Both directions may be repeated at any time.
func (user) Apply(_ context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if !r.Before.IsNull() {
		before := accountOf(r.Before)
		if r.After.IsNull() || !before.sameAs(accountOf(r.After)) {
			if err := RemoveUser(before.directory, before.username); err != nil {
				return r.Before, sdk.Errorf("the user of the bus is still there", "%s", err)
			}
		}
	}
	if r.After.IsNull() {
		return absent(), nil
	}
	after := accountOf(r.After)
	if admits(after.directory, after.username, after.password) {
		return after.value(), nil
	}
	if err := AddUser(after.directory, after.username, after.password); err != nil {
		return leftBy(r), sdk.Errorf("cannot make the user of the bus", "%s", err)
	}
	return after.value(), nil
}

// leftBy is the value after a failed AddUser: what was there, unless it was another user, which is gone.
func leftBy(r sdk.ApplyRequest) cty.Value {
	if r.Before.IsNull() || !accountOf(r.Before).sameAs(accountOf(r.After)) {
		return absent()
	}
	return r.Before
}

func absent() cty.Value {
	return cty.NullVal(provider{}.Schema().Types["bus_user"].Object())
}

func accountOf(v cty.Value) account {
	return account{text(v, "directory"), text(v, "username"), text(v, "password")}
}

func text(v cty.Value, name string) string {
	if a := v.GetAttr(name); !a.IsNull() {
		return a.AsString()
	}
	return ""
}

// sameAs reports whether both are one user, whatever the password.
func (a account) sameAs(b account) bool {
	return a.directory == b.directory && a.username == b.username
}

func (a account) value() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"directory": cty.StringVal(a.directory),
		"username":  cty.StringVal(a.username),
		"password":  cty.StringVal(a.password),
	})
}
