package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// runs is how often a command is measured; the figures are medians.
const runs = 20

// BenchmarkCommand measures whole processes: what a user waits for, and what it costs.
func BenchmarkCommand(b *testing.B) {
	program := filepath.Join(b.TempDir(), "recipe")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("%s\n%s", err, out)
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"version", []string{"version"}},
		{"validate examples/shop", []string{"validate", "../../examples/shop"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var walls, cpus []time.Duration
			for b.Loop() {
				for range runs {
					wall, cpu := once(b, program, c.args)
					walls, cpus = append(walls, wall), append(cpus, cpu)
				}
			}
			slices.Sort(walls)
			slices.Sort(cpus)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(milliseconds(walls[0]), "best-ms")
			b.ReportMetric(milliseconds(walls[len(walls)/2]), "median-ms")
			b.ReportMetric(milliseconds(cpus[len(cpus)/2]), "cpu-ms")
		})
	}
}

func once(b *testing.B, program string, args []string) (wall, cpu time.Duration) {
	b.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "RECIPE_HOME="+b.TempDir())
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s\n%s", err, out)
	}
	return time.Since(began), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
