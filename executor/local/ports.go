package local

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// Ports hands out port numbers; see port.Allotter.
type Ports interface {
	Allot(owner string, wanted int) (int, error)
	Reserve(owner string, port int) error
	Release(owner string)
	Free(port int) error
}

// free looks whether somebody has taken a port, since it was handed out, of a process that is not there yet: he would pass
// for it, answer its checks and get its requests.
func (i instance) free(r sdk.ApplyRequest) error {
	if _, there := i.units.Status(UnitName(r.Stack, r.Address)); there || r.After.GetAttr("running").False() {
		return nil
	}
	return i.taken(r.After)
}

// taken returns an error if a process listens on a port of an instance that does not run.
func (i instance) taken(v cty.Value) error {
	if !v.GetAttr("main").True() {
		return nil
	}
	ports := elements(v.GetAttr("ports"))
	for _, name := range names(ports) {
		if err := i.ports.Free(number(ports[name])); err != nil {
			return err
		}
	}
	return nil
}
