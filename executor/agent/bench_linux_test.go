package agent

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"text/tabwriter"
	"time"
)

// sizes are the numbers of components; exponents compare the last with the first.
var sizes = []int{1000, 10_000}

// bar is how many times the floor a piece of work may take.
var bars = map[string]float64{"validate": 2, "plan": 2, "no-op plan": 3}

// row is one line of the table: the medians of one piece of work.
type row struct {
	shape, work string
	n           int
	cpu         time.Duration
	allocated   uint64
	peak        uint64
	ratio       float64 // to the floor's CPU time, measured in turn with it
}

// BenchmarkPlan measures validate, plan and no-op plan of whole stacks as the agent does them, each beside the floor,
// and prints a table. CPU time is what counts: it is the same on a busy machine.
func BenchmarkPlan(b *testing.B) {
	var rows []row
	for _, s := range shapes {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/%d", s.name, n), func(b *testing.B) {
				stack, home := writeStack(b, s, n), newHome(b)
				child(b, order{Work: "apply", Stack: stack, Home: home})
				for _, work := range []string{"validate", "plan", "no-op plan"} {
					b.Run(work, func(b *testing.B) {
						rows = append(rows, besideFloor(b, row{shape: s.name, work: work, n: n}, stack, home))
					})
				}
			})
		}
	}
	table(rows)
}

// newHome returns an empty RECIPE_HOME, which the user that apps run as can reach.
func newHome(tb testing.TB) string {
	tb.Helper()
	home := tb.TempDir()
	for _, dir := range []string{home, filepath.Dir(home)} {
		if err := os.Chmod(dir, 0o711); err != nil {
			tb.Fatal(err)
		}
	}
	return home
}

// besideFloor measures the work and the floor in turn, so that both meet the same noise.
func besideFloor(b *testing.B, r row, stack, home string) row {
	var floors, ours []measure
	for b.Loop() {
		if r.work == "plan" {
			home = newHome(b) // where nothing is yet
		}
		floors = append(floors, child(b, order{Work: "floor", Stack: stack}))
		ours = append(ours, child(b, order{Work: r.work, Stack: stack, Home: home}))
	}
	cpu := func(m measure) float64 { return float64(m.CPU) }
	r.cpu = time.Duration(median(ours, cpu))
	r.allocated = uint64(median(ours, func(m measure) float64 { return float64(m.Allocated) }))
	r.peak = uint64(median(ours, func(m measure) float64 { return float64(m.Peak) }))
	r.ratio = float64(r.cpu) / median(floors, cpu)
	b.ReportMetric(0, "ns/op") // the time of starting processes
	b.ReportMetric(float64(r.cpu.Microseconds())/float64(r.n), "cpu-µs/component")
	b.ReportMetric(float64(r.allocated)/float64(r.n), "B/component")
	b.ReportMetric(float64(r.peak)/(1<<20), "peak-MiB")
	b.ReportMetric(r.ratio, "x-floor")
	return r
}

func median(all []measure, of func(measure) float64) float64 {
	values := make([]float64, len(all))
	for i, m := range all {
		values[i] = of(m)
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// table prints the rows, with the exponent by which CPU time grows from the smallest to the largest size.
func table(rows []row) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nshape\twork\tcomponents\tCPU µs each\tx floor\tbar\tKiB each\tpeak MiB\texponent\t")
	for _, r := range rows {
		exponent := ""
		for _, small := range rows {
			if small.shape == r.shape && small.work == r.work && small.n < r.n {
				exponent = fmt.Sprintf("%.2f", math.Log(float64(r.cpu)/float64(small.cpu))/math.Log(float64(r.n)/float64(small.n)))
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%.1f\t%.2f\t%.0f\t%.1f\t%.0f\t%s\t\n", r.shape, r.work, r.n,
			float64(r.cpu.Nanoseconds())/1e3/float64(r.n), r.ratio, bars[r.work], float64(r.allocated)/1024/float64(r.n), float64(r.peak)/(1<<20), exponent)
	}
	w.Flush()
}

// BenchmarkApply measures the engine and the journal with resources that do nothing themselves: three for each
// component, every step of theirs on disk before the next.
func BenchmarkApply(b *testing.B) {
	for _, s := range shapes {
		const n = 3334
		b.Run(s.name, func(b *testing.B) {
			stack := writeStack(b, s, n)
			var all []measure
			for b.Loop() {
				all = append(all, child(b, order{Work: "apply", Stack: stack, Home: newHome(b)}))
			}
			each := float64(all[0].Resources)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(each, "resources")
			b.ReportMetric(median(all, func(m measure) float64 { return float64(m.CPU.Microseconds()) })/each, "cpu-µs/resource")
			b.ReportMetric(median(all, func(m measure) float64 { return float64(m.Wall.Microseconds()) })/each, "µs/resource")
			b.ReportMetric(median(all, func(m measure) float64 { return float64(m.Allocated) })/each, "B/resource")
		})
	}
}
