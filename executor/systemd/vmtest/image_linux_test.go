package vmtest

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed all:testdata
var testdata embed.FS

// packages are what the image has beside the essential ones. kernel is for qemu alone: user-mode-linux brings its own.
const (
	packages = "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,udev,procps,util-linux,ca-certificates"
	kernel   = ",linux-image-cloud-amd64,initramfs-tools"
)

// fstab has no bound for the time in which udev finds the disks: where the machine is slow, systemd would go into its emergency mode.
const fstab = "LABEL=root / ext4 rw 0 0\nLABEL=share /mnt ext4 ro,x-systemd.device-timeout=infinity 0 0\n"

// disabled are units that take time and are of no use here.
var disabled = []string{"apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service",
	"fstrim.timer", "ldconfig.service", "getty@tty1.service", "systemd-pcrphase.service"}

// buildImage returns the file of an ext4 system with systemd and the user ada, whose systemd runs from the start. It is kept for
// the next time, beside the kernel if there is one.
func buildImage(t *testing.T, withKernel bool) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	must(t, err)
	include := packages
	if withKernel {
		include += kernel
	}
	codename := strings.TrimSpace(output(t, "sh", "-c", `. /etc/os-release; echo "$VERSION_CODENAME"`))
	sources := output(t, "apt-get", "indextargets", "--format", "deb $(REPO_URI) $(RELEASE) $(COMPONENT)", "Identifier: Packages", "Origin: Debian")
	dir := filepath.Join(cache, "recipe-vm", imageKey(t, codename, include))
	image := filepath.Join(dir, "image.ext4")
	if _, err := os.Stat(image); err == nil {
		return image
	}
	root := filepath.Join(t.TempDir(), "root")
	list := filepath.Join(t.TempDir(), "sources.list")
	must(t, os.WriteFile(list, []byte(sources), 0o644))
	t.Logf("building the image of %s, which takes some minutes", codename)
	output(t, "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", "--include="+include,
		"--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*", "--dpkgopt=path-exclude=/usr/share/man/*",
		`--customize-hook=chroot "$1" useradd -m -s /bin/bash ada`, codename, root, list)
	furnish(t, root)
	must(t, os.MkdirAll(dir, 0o755))
	if withKernel {
		output(t, "cp", "-L", filepath.Join(root, "vmlinuz"), filepath.Join(root, "initrd.img"), dir)
	}
	part := image + ".part"
	output(t, "truncate", "-s", "4G", part)
	output(t, "mkfs.ext4", "-q", "-F", "-L", "root", "-d", root, part)
	must(t, os.Rename(part, image))
	return image
}

// imageKey names all that an image is made from but the packages' own versions.
func imageKey(t *testing.T, codename, include string) string {
	h := sha256.New()
	fmt.Fprintln(h, codename, include, fstab, disabled)
	must(t, fs.WalkDir(testdata, "testdata/guest", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := testdata.ReadFile(path)
		fmt.Fprintf(h, "%s %q\n", path, content)
		return err
	}))
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// furnish puts into the image what the test needs there.
func furnish(t *testing.T, root string) {
	t.Helper()
	write := func(path, content string, mode os.FileMode) {
		path = filepath.Join(root, path)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(content), mode))
		must(t, os.Chmod(path, mode))
	}
	guest := func(name string) string {
		content, err := testdata.ReadFile("testdata/guest/" + name)
		must(t, err)
		return string(content)
	}
	write("etc/fstab", fstab, 0o644)
	write("etc/hostname", "vm\n", 0o644)
	write("usr/local/bin/door", guest("door"), 0o755)
	write("usr/local/bin/as", guest("as"), 0o755)
	write("etc/systemd/system/door.service", guest("door.service"), 0o644)
	write("var/lib/systemd/linger/ada", "", 0o644)
	write("srv/ledger", "", 0o666) // apps of both users write to it
	write("srv/signs/none", "", 0o644)
	wanted := filepath.Join(root, "etc/systemd/system/multi-user.target.wants")
	must(t, os.MkdirAll(wanted, 0o755))
	must(t, os.Symlink("/etc/systemd/system/door.service", filepath.Join(wanted, "door.service")))
	for _, unit := range disabled {
		must(t, os.Symlink("/dev/null", filepath.Join(root, "etc/systemd/system", unit)))
	}
}

// buildShare returns the file of an ext4 system with our programs, the stacks and the bundle of the shop.
func buildShare(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "share")
	must(t, os.MkdirAll(dir, 0o755))
	for _, program := range []string{"cmd/recipe", "cmd/recipe-shim", "cmd/recipe/testdata/app", "examples/executor-systemd"} {
		c := exec.Command("go", "build", "-trimpath", "-tags", "timetzdata", "-ldflags", "-s -w", "-o", dir, "./"+program)
		c.Dir = "../../.."
		run(t, c)
	}
	c := exec.Command("go", "test", "-c", "-o", filepath.Join(dir, "executor.test"), "./examples/executor-systemd")
	c.Dir = "../../.."
	run(t, c)
	for _, name := range []string{"shop", "placed"} {
		stack, err := fs.Sub(testdata, "testdata/"+name)
		must(t, err)
		must(t, os.CopyFS(filepath.Join(dir, name), stack))
	}
	for _, args := range [][]string{{"lock", "shop"}, {"bundle", "-o", "shop.bundle", "shop"}, {"agent", "-stop"}} {
		c := exec.Command(filepath.Join(dir, "recipe"), args...)
		c.Dir, c.Env = dir, append(os.Environ(), "RECIPE_HOME="+filepath.Join(filepath.Dir(dir), "home"))
		if out, err := c.CombinedOutput(); err != nil && args[0] != "agent" { // which may have ended by itself
			t.Fatalf("%s: %v: %s", c, err, out)
		}
	}
	share := filepath.Join(t.TempDir(), "share.ext4")
	output(t, "truncate", "-s", "512M", share)
	output(t, "mkfs.ext4", "-q", "-F", "-L", "share", "-d", dir, share)
	return share
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func output(t *testing.T, program string, args ...string) string {
	t.Helper()
	return run(t, exec.Command(program, args...))
}

func run(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", c, err, out)
	}
	return string(out)
}
