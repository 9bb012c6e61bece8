package local

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/cgroup"
	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/supervisor"
)

// limitsType is what a process may take of the machine; null for what is not bound.
var limitsType = cty.Object(map[string]cty.Type{"memory": cty.String, "cpu": cty.Number, "pids": cty.Number, "open_files": cty.Number})

// limit puts the limits of a process into its spec. What this machine cannot enforce is left out; Unenforced tells.
func (p *Provider) limit(spec *supervisor.Spec, v cty.Value) error {
	if v.IsNull() {
		return nil
	}
	if n := whole(v, "open_files"); n > 0 {
		spec.Limits = openFiles(uint64(n))
	}
	limits, err := limitsOf(v)
	spec.Cgroups = p.cgroups.Groups(spec.Address, spec.Dir, limits)
	return err
}

// groups are the control groups of a unit that is made for one run, which has the limits for itself.
func (p *Provider) groups(v cty.Value) func(address, dir string) []shim.Cgroup {
	limits, _ := limitsOf(v) // limit has read them
	return func(address, dir string) []shim.Cgroup { return p.cgroups.Groups(address, dir, limits) }
}

// limitsOf are those limits that take control groups.
func limitsOf(v cty.Value) (cgroup.Limits, error) {
	l := cgroup.Limits{PIDs: int(whole(v, "pids"))}
	if memory := text(v, "memory"); memory != "" {
		var ok bool
		if l.Memory, ok = cgroup.ParseMemory(memory); !ok {
			return l, fmt.Errorf("limits: memory is %q, and has to be a size such as 256MiB", memory)
		}
	}
	if cpu := v.GetAttr("cpu"); !cpu.IsNull() {
		l.CPU, _ = cpu.AsBigFloat().Float64()
	}
	return l, nil
}

func whole(v cty.Value, attribute string) int64 {
	a := v.GetAttr(attribute)
	if a.IsNull() {
		return 0
	}
	n, _ := a.AsBigFloat().Int64()
	return n
}
