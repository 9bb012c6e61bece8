package registry_test

import (
	"testing"

	"github.com/nsynapse/recipe/registry"
)

func TestPlatformWayOut(t *testing.T) {
	for name, want := range map[string]string{
		registry.Platform(): "",
		"plan9/mips":        "",
		"linx/amd46":        `Did you mean "linux/amd64"?`,
		"linux/x86_64":      `Did you mean "linux/amd64"?`,
		"macOS/aarch64":     `Did you mean "darwin/arm64"?`,
		"linux/arm/v7":      `Did you mean "linux/arm"?`,
		"linux":             "Name it as OS/ARCH, such as linux/amd64.",
		"linux/":            "Name it as OS/ARCH, such as linux/amd64.",
		"qnx/amd64":         "The operating systems are aix, android, darwin, dragonfly, freebsd, illumos, ios, js, linux, netbsd, openbsd, plan9, solaris, wasip1, windows.",
		"linux/z80":         "The architectures are 386, amd64, arm, arm64, loong64, mips, mips64, mips64le, mipsle, ppc64, ppc64le, riscv64, s390x, wasm.",
	} {
		if got := registry.PlatformWayOut(name); got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
}
