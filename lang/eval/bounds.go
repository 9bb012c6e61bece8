package eval

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/config"
)

// limits is what a process may take: what the stack says of the component, and else the recipe of the process. It is null
// without any.
func (c *component) limits(process *config.Process) cty.Value {
	var own *config.Bounds
	if c.block != nil {
		own = c.block.Limits
	}
	b := own.Over(process.Limits)
	if b == (config.Bounds{}) {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	number := func(set bool, v cty.Value) cty.Value {
		if !set {
			return cty.NullVal(cty.Number)
		}
		return v
	}
	return cty.ObjectVal(map[string]cty.Value{
		"memory":     number(b.Memory > 0, cty.NumberIntVal(b.Memory)),
		"cpu":        number(b.CPU > 0, cty.NumberFloatVal(b.CPU)),
		"pids":       number(b.PIDs > 0, cty.NumberIntVal(int64(b.PIDs))),
		"open_files": number(b.OpenFiles > 0, cty.NumberIntVal(int64(b.OpenFiles))),
	})
}
