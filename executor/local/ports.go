package local

import "github.com/zclconf/go-cty/cty"

// Ports hands out port numbers; see port.Allotter.
type Ports interface {
	Allot(owner string, wanted int) (int, error)
	Reserve(owner string, port int) error
	Release(owner string)
	Free(port int) error
}

// free tells whether a process that does not run could have its ports: somebody may have taken one since it was handed
// out, and would answer the checks of the process and get its requests.
func (p *Provider) free(v cty.Value) error {
	if !v.GetAttr("main").True() {
		return nil
	}
	ports := elements(v.GetAttr("ports"))
	for _, name := range names(ports) {
		if err := p.ports.Free(number(ports[name])); err != nil {
			return err
		}
	}
	return nil
}
