package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/trust"
)

// packages is how many a stack is of, and versions how many of each a registry has.
const packages, versions = 200, 2

// BenchmarkPackages measures commands on a stack of many packages from a registry, as whole processes: from a registry that is
// asked over the network of this machine, and from a directory. Everything was got once before.
func BenchmarkPackages(b *testing.B) {
	bin := b.TempDir()
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, ".", "../recipe-registry").CombinedOutput(); err != nil {
		b.Fatalf("%s\n%s", err, out)
	}
	for _, kind := range []string{"directory", "server"} {
		b.Run(kind, func(b *testing.B) {
			address := "file://" + b.TempDir()
			if kind == "server" {
				address = serveRegistry(b, filepath.Join(bin, registryProgram))
			}
			home, stack := b.TempDir(), b.TempDir()
			publishMany(b, address, home)
			text := fmt.Appendf(nil, "stack \"many\" { registries = [%q] }\napp \"last\" { package = \"acme/p%d\" }\n", address, packages-1)
			if err := os.WriteFile(filepath.Join(stack, "stack.hcl"), text, 0o644); err != nil {
				b.Fatal(err)
			}
			recipe := filepath.Join(bin, "recipe")
			for _, command := range []string{"lock", "validate", "why acme/p0"} {
				args := append(strings.Fields(command), stack)
				once(b, recipe, home, args)
				b.Run(command, func(b *testing.B) { report(b, recipe, home, args) })
			}
		})
	}
}

// publishMany fills a registry with packages each of which needs up to three others, and has home trust them.
func publishMany(b *testing.B, address, home string) {
	b.Helper()
	ok := func(err error) {
		if err != nil {
			b.Helper()
			b.Fatal(err)
		}
	}
	signer, err := trust.Keys(b.TempDir()).New("acme")
	ok(err)
	reader := registry.ReaderOf(home)
	ok(reader.Ring.Add(b.Context(), "acme", signer.Fingerprint()))
	r, err := oci.Dial(address, oci.Options{})
	ok(err)
	client := registry.New(r, reader)
	for n := range packages {
		for v := range versions {
			dir := b.TempDir()
			ok(os.WriteFile(filepath.Join(dir, "recipe.hcl"), []byte(packageText(n, v)), 0o644))
			ok(os.WriteFile(filepath.Join(dir, "README.md"), []byte(strings.Repeat("What it is for.\n", 100)), 0o644))
			m, diags := registry.Describe(os.DirFS(dir))
			if diags.HasErrors() {
				b.Fatal(diags)
			}
			files, err := registry.PackAll(b.Context(), m, map[string]string{registry.AnyPlatform: dir}, b.TempDir())
			ok(err)
			_, err = client.Publish(b.Context(), m, files, signer, nil)
			ok(err)
		}
	}
}

// packageText is the nth package in its vth version.
func packageText(n, v int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package {\n  name = \"acme/p%d\"\n  version = \"1.%d.0\"\n}\n", n, v)
	for _, m := range []int{n - 1, n / 2, n / 3} {
		if m >= 0 && m < n && !strings.Contains(b.String(), fmt.Sprintf("\"acme/p%d\" {", m)) {
			fmt.Fprintf(&b, "depends \"acme/p%d\" { version = \"^1.0\" }\n", m)
		}
	}
	b.WriteString("input \"theme\" {\n  type = string\n  default = \"light\"\n}\nport \"web\" {}\nprocess \"web\" {\n  command = [\"true\", input.theme, port.web]\n}\n")
	return b.String()
}

// serveRegistry runs a registry as a process of its own until the benchmark has ended, and returns its address.
func serveRegistry(b *testing.B, program string) string {
	b.Helper()
	cmd := exec.Command(program, "-listen=127.0.0.1:0", "-dir="+b.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err == nil {
		cmd.Stderr = os.Stderr
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if at := strings.Index(lines.Text(), "oci+http://"); at >= 0 {
			return strings.TrimRight(strings.Fields(lines.Text()[at:])[0], ".,/") + "/team"
		}
	}
	b.Fatal("the registry does not say where it listens")
	return ""
}

// report measures runs of a command, and says how long one takes and what it costs.
func report(b *testing.B, program, home string, args []string) {
	var walls, cpus []time.Duration
	for b.Loop() {
		for range runs {
			wall, cpu := once(b, program, home, args)
			walls, cpus = append(walls, wall), append(cpus, cpu)
		}
	}
	slices.Sort(walls)
	slices.Sort(cpus)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(walls[0]), "best-ms")
	b.ReportMetric(milliseconds(walls[len(walls)/2]), "median-ms")
	b.ReportMetric(milliseconds(cpus[len(cpus)/2]), "cpu-ms")
}
