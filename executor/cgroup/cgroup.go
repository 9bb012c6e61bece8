package cgroup

import (
	"fmt"
	"hash/fnv"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// The controllers that are made use of.
const (
	Memory = "memory"
	CPU    = "cpu"
	PIDs   = "pids"
)

// Limits is what an app may take of the machine, with all its descendants. 0 is no limit.
type Limits struct {
	Memory int64   // bytes; whoever takes more is killed
	CPU    float64 // processors; whoever wants more waits
	PIDs   int     // processes and threads; one more cannot be made
}

// ParseMemory reads a whole number of B, KiB, MiB or GiB, such as "256MiB".
func ParseMemory(text string) (bytes int64, ok bool) {
	for i, unit := range []string{"GiB", "MiB", "KiB", "B"} {
		number, found := strings.CutSuffix(text, unit)
		if !found {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 64)
		shift := 10 * (3 - i)
		return n << shift, err == nil && n > 0 && n<<shift>>shift == n
	}
	return 0, false
}

// Controllers lists what it takes to enforce l, in the order of the fields.
func (l Limits) Controllers() []string {
	var all []string
	if l.Memory > 0 {
		all = append(all, Memory)
	}
	if l.CPU > 0 {
		all = append(all, CPU)
	}
	if l.PIDs > 0 {
		all = append(all, PIDs)
	}
	return all
}

// A Host is where groups may be made. The zero value is a machine where they may not. It does not change.
type Host struct {
	version int               // of the groups: 1, 2, or 0 without any
	bases   map[string]string // by controller: the directory below which groups are made
	shims   string            // the group for shims, or ""
}

// An Offer is what a host has, for those who are told of it.
type Offer struct {
	Version     int      `json:"version"`     // 1 or 2, or 0 if no group may be made
	Controllers []string `json:"controllers"` // that may be used, sorted
}

// Offer says what may be made here.
func (h Host) Offer() Offer { return Offer{h.version, slices.Sorted(maps.Keys(h.bases))} }

// Lacks lists the controllers that could be made use of and may not, in the order of Limits.
func (o Offer) Lacks() []string {
	return slices.DeleteFunc([]string{Memory, CPU, PIDs}, func(c string) bool { return slices.Contains(o.Controllers, c) })
}

// Shims is the directory of the group that shims are to join, with their apps as far as these have none of their own; "" if
// they stay in ours.
func (h Host) Shims() string { return h.shims }

// Lacks lists the controllers that l needs and that may not be used here.
func (h Host) Lacks(l Limits) []string {
	return slices.DeleteFunc(l.Controllers(), func(c string) bool { return h.bases[c] != "" })
}

// Groups says which groups bound the app whose unit has the directory dir. What cannot be enforced is left out. name is
// for people, who see it in the names of the groups.
func (h Host) Groups(name, dir string, l Limits) []protocol.Cgroup {
	var groups []protocol.Cgroup
	for _, controller := range l.Controllers() {
		base := h.bases[controller]
		if base == "" {
			continue
		}
		path := filepath.Join(base, groupName(name, dir))
		at := slices.IndexFunc(groups, func(g protocol.Cgroup) bool { return g.Dir == path })
		if at < 0 {
			at = len(groups)
			groups = append(groups, protocol.Cgroup{Dir: path})
		}
		groups[at].Set = append(groups[at].Set, h.settings(controller, l)...)
	}
	return groups
}

// groupName is one that no other unit has: the hash is that of the unit's directory, and the rest is cut to what names of
// files may hold.
func groupName(name, dir string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, name)
	h := fnv.New64a()
	_, _ = h.Write([]byte(dir))
	return fmt.Sprintf("recipe.%s.%016x", plain[:min(len(plain), 128)], h.Sum64())
}

// period is the time over which the share of a processor is counted, in microseconds: the kernel's own choice.
const period = 100_000

func (h Host) settings(controller string, l Limits) []protocol.Setting {
	memory, cpu, pids := strconv.FormatInt(l.Memory, 10), strconv.Itoa(max(int(l.CPU*period), 1000)), strconv.Itoa(l.PIDs)
	switch {
	case controller == Memory && h.version == 1:
		return []protocol.Setting{
			{File: "memory.limit_in_bytes", Value: memory},
			{File: "memory.memsw.limit_in_bytes", Value: memory, Optional: true}, // with swap; only some kernels count that
		}
	case controller == Memory:
		return []protocol.Setting{
			{File: "memory.max", Value: memory},
			{File: "memory.swap.max", Value: "0", Optional: true},
			{File: "memory.oom.group", Value: "1", Optional: true}, // half of an app is of no use
		}
	case controller == CPU && h.version == 1:
		return []protocol.Setting{{File: "cpu.cfs_period_us", Value: strconv.Itoa(period)}, {File: "cpu.cfs_quota_us", Value: cpu}}
	case controller == CPU:
		return []protocol.Setting{{File: "cpu.max", Value: cpu + " " + strconv.Itoa(period)}}
	default:
		return []protocol.Setting{{File: "pids.max", Value: pids}}
	}
}
