package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/executor/cgroup"
	"github.com/nsynapse/recipe/planner/plan"
)

// unenforced warns, once for a whole plan, of limits that this machine cannot enforce.
func (a *Agent) unenforced(p *plan.Plan) hcl.Diagnostics {
	var lacks, of []string
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.Type != "instance" && c.Type != "schedule" || c.Action == plan.NoOp {
			continue
		}
		if missing := a.cgroups.Lacks(limitsIn(c)); len(missing) > 0 {
			lacks, of = append(lacks, missing...), append(of, c.Addr.String())
		}
	}
	if len(of) == 0 {
		return nil
	}
	slices.Sort(lacks)
	return hcl.Diagnostics{{
		Severity: hcl.DiagWarning,
		Summary:  "Limits without effect",
		Detail: fmt.Sprintf("%s cannot be limited here, since the agent may make no control groups for that. %s will run without these limits. recipe doctor says what is missing.",
			strings.Join(slices.Compact(lacks), ", "), many(of)),
	}}
}

// many names the first of some things, and how many there are beside.
func many(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return fmt.Sprintf("%s and %d more", names[0], len(names)-1)
}

// limitsIn are the limits of the process that a change makes, as far as they take control groups.
func limitsIn(c *plan.Change) cgroup.Limits {
	if !bytes.Contains(c.After, []byte(`"limits"`)) {
		return cgroup.Limits{} // as nearly always
	}
	var process struct {
		Limits struct {
			Memory string  `json:"memory"`
			CPU    float64 `json:"cpu"`
			PIDs   int     `json:"pids"`
		} `json:"limits"`
	}
	if json.Unmarshal(c.After, &process) != nil {
		return cgroup.Limits{}
	}
	memory, _ := cgroup.ParseMemory(process.Limits.Memory) // the executor refuses what cannot be read
	return cgroup.Limits{Memory: memory, CPU: process.Limits.CPU, PIDs: process.Limits.PIDs}
}
