package local

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/cgroup"
	"github.com/nsynapse/recipe/executor/supervisor"
)

// limitsType is what a process may take of the machine; null for what is not bound.
var limitsType = cty.Object(map[string]cty.Type{"memory": cty.Number, "cpu": cty.Number, "pids": cty.Number, "open_files": cty.Number})

// limit puts the limits of a process into its spec. What this machine cannot enforce is left out; Unenforced tells.
func (p *Provider) limit(spec *supervisor.Spec, v cty.Value) {
	if v.IsNull() {
		return
	}
	if n := whole(v, "open_files"); n > 0 {
		spec.Limits = openFiles(uint64(n))
	}
	spec.Cgroups = p.cgroups.Groups(spec.Address, spec.Dir, limitsOf(v))
}

// limitsOf are those limits that take control groups.
func limitsOf(v cty.Value) cgroup.Limits {
	l := cgroup.Limits{Memory: whole(v, "memory"), PIDs: int(whole(v, "pids"))}
	if cpu := v.GetAttr("cpu"); !cpu.IsNull() {
		l.CPU, _ = cpu.AsBigFloat().Float64()
	}
	return l
}

func whole(v cty.Value, attribute string) int64 {
	a := v.GetAttr(attribute)
	if a.IsNull() {
		return 0
	}
	n, _ := a.AsBigFloat().Int64()
	return n
}
