package plan

import (
	"encoding/json"
	"fmt"
)

// Decode reads a plan from JSON. The JSON may be anybody's: what it refers to within itself is there, but whether to
// believe it is another question (see agent.SignedPlan).
func Decode(content []byte) (*Plan, error) {
	var p Plan
	if err := json.Unmarshal(content, &p); err != nil {
		return nil, fmt.Errorf("it is no plan: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("it is no plan: %w", err)
	}
	return &p, nil
}

func (p *Plan) check() error {
	for i := range p.Changes {
		for _, need := range p.Changes[i].Needs {
			if need < 0 || int(need) >= i {
				return fmt.Errorf("change %d needs change %d, which does not come before it", i, need)
			}
		}
	}
	for _, i := range p.CriticalPath {
		if i < 0 || int(i) >= len(p.Changes) {
			return fmt.Errorf("its critical path has a change %d, and there are %d", i, len(p.Changes))
		}
	}
	if p.Lock == nil {
		return nil
	}
	for _, c := range p.Lock.Components {
		if c.Package < 0 || c.Package >= len(p.Lock.Packages) {
			return fmt.Errorf("%s is made from package %d, and there are %d", c.Component, c.Package, len(p.Lock.Packages))
		}
	}
	return nil
}
