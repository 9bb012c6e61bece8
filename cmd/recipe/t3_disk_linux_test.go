package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// volume is an ext4 of its own on a loop file. What its file holds at a moment is what a power cut at that moment
// would leave: what the kernel has not written yet is only in its memory.
type volume struct {
	testing.TB
	image   string
	at      string // where it is mounted
	options string
}

// needVolumes skips a test that cannot mount.
func needVolumes(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: it mounts file systems of its own")
	}
	for _, tool := range []string{"mkfs.ext4", "mount", "umount", "losetup"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
	if err := exec.Command("losetup", "-f").Run(); err != nil {
		t.Skip("needs loop devices")
	}
}

// fastDirectory is in memory where that is possible: images are copied all the time.
func fastDirectory(t testing.TB) string {
	t.Helper()
	base := "/dev/shm"
	if info, err := os.Stat(base); err != nil || !info.IsDir() {
		base = ""
	}
	dir, err := os.MkdirTemp(base, "rt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// newVolume makes a file system of some megabytes and mounts it at a directory. With commit=300 among the options
// nothing but fsync brings anything to its disk for as long as a test takes.
func newVolume(t testing.TB, at string, megabytes int64, options string) *volume {
	t.Helper()
	v := &volume{TB: t, image: filepath.Join(fastDirectory(t), "image"), at: at, options: options}
	if err := os.WriteFile(v.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(v.image, megabytes<<20); err != nil {
		t.Fatal(err)
	}
	v.run("mkfs.ext4", "-q", "-F", "-J", "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0", v.image)
	t.Cleanup(v.detach)
	v.mount()
	return v
}

func (v *volume) run(name string, args ...string) {
	v.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		v.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func (v *volume) mount() {
	v.Helper()
	v.run("mount", "-o", "loop,"+v.options, v.image, v.at)
}

// detach unmounts what is mounted, whoever still uses it.
func (v *volume) detach() {
	err := unix.Unmount(v.at, 0)
	for end := time.Now().Add(2 * time.Second); err == unix.EBUSY && time.Now().Before(end); err = unix.Unmount(v.at, 0) {
		time.Sleep(10 * time.Millisecond)
	}
	if err == nil || err == unix.EINVAL { // EINVAL: nothing is mounted
		return
	}
	v.Errorf("%s is still used: %v", v.at, err)
	if err := unix.Unmount(v.at, unix.MNT_DETACH); err != nil {
		v.Error(err)
	}
}

// content is what the disk holds now. Who writes to the volume has been stopped; the kernel may still be writing, so
// it is read until it stands still.
func (v *volume) content() []byte {
	v.Helper()
	last := v.read()
	for {
		again := v.read()
		if bytes.Equal(last, again) {
			return again
		}
		last = again
	}
}

func (v *volume) read() []byte {
	v.Helper()
	content, err := os.ReadFile(v.image)
	if err != nil {
		v.Fatal(err)
	}
	return content
}

// put makes content the disk and mounts it, which repairs it from the journal of ext4.
func (v *volume) put(content []byte) {
	v.Helper()
	v.detach()
	// A fresh file: the loop device of the old one may live a moment longer.
	if err := os.Remove(v.image); err != nil {
		v.Fatal(err)
	}
	if err := os.WriteFile(v.image, content, 0o600); err != nil {
		v.Fatal(err)
	}
	v.mount()
}

// halt stops a process at whatever it is doing: it returns when no thread of it runs any more.
func halt(t testing.TB, pid int) {
	t.Helper()
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		return // it has ended
	}
	for end := time.Now().Add(scriptPatience); !halted(pid); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d does not stop", pid)
		}
	}
}

// halted reports whether each thread of a process is stopped, or dead. One that waits for a child of its own to become
// another program ("D") does nothing either once the child is stopped.
func halted(pid int) bool {
	stats, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/stat")
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue
		}
		_, after, _ := bytes.Cut(text[bytes.LastIndexByte(text, ')'):], []byte(" "))
		if len(after) > 0 && bytes.IndexByte([]byte("TtZX"), after[0]) < 0 {
			return false
		}
	}
	return true
}
