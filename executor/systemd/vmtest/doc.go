// Package vmtest tries what only a machine of its own can show: the agent under a real systemd, limits by control groups of the
// second generation, reboots and power cuts. Its one test, which `make vm` runs, builds an image of the host's own release of
// Debian, boots it and asks it over a serial line.
//
// The machine is one of qemu where the host can give it KVM, else Linux as a process (user-mode-linux), which needs nothing
// of the host, else one that qemu emulates, which takes minutes to boot. RECIPE_VM chooses: kvm, uml, tcg, or
// any for the first of them that works.
package vmtest
