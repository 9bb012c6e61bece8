package config

import (
	"math"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Bounds is what each process may take of the machine, with all its descendants. 0 is no bound, or that of the recipe.
type Bounds struct {
	Memory    int64   // bytes
	CPU       float64 // processors
	PIDs      int     // processes and threads
	OpenFiles int     // of one process
	Range     hcl.Range
}

// Over returns b with what it leaves open taken from under, which may be nil, as may b.
func (b *Bounds) Over(under *Bounds) Bounds {
	var all Bounds
	for _, one := range []*Bounds{b, under} {
		if one == nil {
			continue
		}
		if all.Memory == 0 {
			all.Memory = one.Memory
		}
		if all.CPU == 0 {
			all.CPU = one.CPU
		}
		if all.PIDs == 0 {
			all.PIDs = one.PIDs
		}
		if all.OpenFiles == 0 {
			all.OpenFiles = one.OpenFiles
		}
	}
	return all
}

const (
	leastMemory = 4 << 20
	leastCPU    = 0.01
	mostCPU     = 1024
	leastPIDs   = 16 // a start itself takes some
	mostPIDs    = 4 << 20
	leastFiles  = 16
	mostFiles   = 1 << 30
)

// bounds reads a limits block.
func (l *loader) bounds(b *hcl.Block) *Bounds {
	attrs := l.content(b.Body, attributes("memory", "cpu", "pids", "open_files")).Attributes
	bounds := &Bounds{Memory: l.bytes(attrs["memory"], leastMemory), CPU: l.processors(attrs["cpu"]), Range: b.DefRange}
	if a := attrs["pids"]; a != nil {
		bounds.PIDs = l.integer(a, leastPIDs, mostPIDs)
	}
	if a := attrs["open_files"]; a != nil {
		bounds.OpenFiles = l.integer(a, leastFiles, mostFiles)
	}
	return bounds
}

// bytes reads a size of at least so many bytes. A size with an i counts in steps of 1024, one without in steps of 1000.
func (l *loader) bytes(a *hcl.Attribute, least int64) int64 {
	s := l.text(a)
	if s == "" {
		return 0
	}
	n, ok := parseBytes(s)
	if !ok {
		l.fault(a.Expr.Range().Ptr(), "Wrong size", `%q is not a size such as "256MiB" or "1.5GiB". Units are KiB, MiB, GiB and TiB, or kB, MB, GB and TB with steps of 1000.`, s)
		return 0
	}
	if n < least {
		l.fault(a.Expr.Range().Ptr(), "Too small", "No process comes up within %q. The least is %dMiB.", s, least>>20)
		return 0
	}
	return n
}

// parseBytes reads "256MiB".
func parseBytes(s string) (int64, bool) {
	units := map[string]float64{
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	}
	at := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if at <= 0 {
		return 0, false
	}
	unit, known := units[strings.TrimPrefix(s[at:], " ")]
	n, err := strconv.ParseFloat(s[:at], 64)
	if n *= unit; !known || err != nil || n > math.MaxInt64/2 {
		return 0, false
	}
	return int64(n), true
}

// processors reads a number of processors, which need not be whole.
func (l *loader) processors(a *hcl.Attribute) float64 {
	v := l.literal(a, cty.Number, "a number")
	if v == cty.NilVal {
		return 0
	}
	n, _ := v.AsBigFloat().Float64()
	if n < leastCPU || n > mostCPU {
		l.fault(a.Expr.Range().Ptr(), "Number out of range", `"cpu" is a number of processors from %v to %d; 0.5 is half of one.`, leastCPU, mostCPU)
		return 0
	}
	return n
}
