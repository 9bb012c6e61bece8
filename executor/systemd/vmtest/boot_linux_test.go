package vmtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A way is how a machine is run.
type way struct {
	name    string
	kernel  bool          // the image has to have one
	needs   []string      // programs
	patient time.Duration // what a boot may take
	command func(m *machine) *exec.Cmd
}

var (
	kvm = way{"kvm", true, []string{"qemu-system-x86_64"}, 3 * time.Minute, func(m *machine) *exec.Cmd { return qemu(m, "-accel", "kvm", "-cpu", "host") }}
	uml = way{"uml", false, []string{"linux.uml", "gcc"}, 15 * time.Minute, userMode}
	tcg = way{"tcg", true, []string{"qemu-system-x86_64"}, 15 * time.Minute, func(m *machine) *exec.Cmd {
		return qemu(m, "-accel", "tcg,thread=multi", "-cpu", "max")
	}}
)

// qemu is a PC that boots the kernel of the image. Its second serial line is file 3.
func qemu(m *machine, accel ...string) *exec.Cmd {
	dir := filepath.Dir(m.image)
	args := append(accel, "-smp", "2", "-m", "1024", "-nodefaults", "-display", "none", "-no-reboot",
		"-kernel", filepath.Join(dir, "vmlinuz"), "-initrd", filepath.Join(dir, "initrd.img"),
		"-append", "root=/dev/vda rw console=ttyS0 mitigations=off systemd.mask=systemd-remount-fs.service",
		"-drive", "if=virtio,format=raw,file="+m.disk, "-drive", "if=virtio,format=raw,readonly=on,file="+m.share,
		"-serial", "stdio", "-chardev", "socket,id=door,fd=3", "-serial", "chardev:door", "-device", "virtio-rng-pci")
	return exec.Command("qemu-system-x86_64", args...)
}

// userMode is Linux as a process. Its second serial line is file 3.
func userMode(m *machine) *exec.Cmd {
	c := exec.Command("linux.uml", "mem=1024M", "ubd0="+m.disk, "ubd1r="+m.share, "root=/dev/ubda", "rw", "uml_dir="+m.dir, "umid=vm",
		"con0=null,fd:1", "con=null", "ssl=null", "ssl1=fd:3,fd:3", "systemd.mask=systemd-remount-fs.service")
	c.Env = append(os.Environ(), "TMPDIR="+m.dir, "LD_PRELOAD="+m.preload)
	return c
}

// choose returns the way that works here, or skips the test.
func choose(t *testing.T) way {
	t.Helper()
	all := map[string]way{"kvm": kvm, "uml": uml, "tcg": tcg}
	if name := os.Getenv("RECIPE_VM"); all[name].name != "" {
		lacking(t, all[name].needs...)
		return all[name]
	}
	if boots(t) {
		return kvm
	}
	for _, w := range []way{uml, tcg} {
		if len(missing(w.needs)) == 0 {
			return w
		}
	}
	t.Skip("neither qemu-system-x86 nor user-mode-linux with gcc is installed")
	return way{}
}

// boots reports whether a machine comes to its firmware's end with KVM: some hosts have the device, and run only kernels that
// are made for them.
func boots(t *testing.T) bool {
	if f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0); err != nil || f.Close() != nil || len(missing(kvm.needs)) > 0 {
		return false
	}
	image := buildImage(t, true)
	m := &machine{T: t, dir: t.TempDir(), image: image, disk: image, share: image}
	c := exec.Command("timeout", "20", "qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot",
		"-kernel", filepath.Join(filepath.Dir(m.image), "vmlinuz"), "-append", "console=ttyS0 panic=-1", "-serial", "stdio")
	out, err := c.Output() // without a disk the kernel panics, which ends the machine
	return err == nil && len(out) > 0
}

func missing(programs []string) []string {
	var all []string
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			all = append(all, p)
		}
	}
	return all
}

// lacking skips the test if a program is missing.
func lacking(t *testing.T, programs ...string) {
	t.Helper()
	if m := missing(programs); len(m) > 0 {
		t.Skipf("not installed: %q", m)
	}
}
