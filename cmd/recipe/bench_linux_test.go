package main

import (
	"os"
	"os/exec"
	"path/filepath"
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
			report(b, program, b.TempDir(), c.args)
		})
	}
}

func once(b *testing.B, program, home string, args []string) (wall, cpu time.Duration) {
	b.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "RECIPE_HOME="+home)
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s\n%s", err, out)
	}
	return time.Since(began), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
