package disktest_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/disk/disktest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, fsys disk.FS, path string, content []byte) disk.File {
	t.Helper()
	f, err := fsys.Open(path, os.O_RDWR|os.O_CREATE, 0o600)
	must(t, err)
	_, err = f.Write(content)
	must(t, err)
	return f
}

// The same operations give the same on a real file system.
func TestLikeARealDisk(t *testing.T) {
	for name, fsys := range map[string]disk.FS{"real": disk.OS{}, "simulated": disktest.New(0)} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a")
			must(t, fsys.MkdirAll(dir, 0o700))
			like(t, fsys, dir)
		})
	}
}

func like(t *testing.T, fsys disk.FS, dir string) {
	path := filepath.Join(dir, "f")
	if _, err := fsys.Open(path, os.O_RDWR, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("opened a missing file: %v", err)
	}
	f := create(t, fsys, path, []byte("hello"))
	if _, err := fsys.Open(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("made a file twice: %v", err)
	}
	must(t, f.Truncate(3))
	_, err := f.Seek(6, io.SeekStart)
	must(t, err)
	_, err = f.Write([]byte("xy"))
	must(t, err)
	b := make([]byte, 9)
	if n, err := f.ReadAt(b, 1); n != 7 || err != io.EOF || string(b[:n]) != "el\x00\x00\x00xy" {
		t.Fatalf("read %d bytes %q, %v", n, b[:n], err)
	}
	info, err := f.Stat()
	must(t, err)
	if info.Size() != 8 || info.Mode() != 0o600 || info.Name() != "f" {
		t.Fatalf("stat says %v %v %v", info.Name(), info.Size(), info.Mode())
	}
	must(t, fsys.Rename(path, path+"2"))
	list, err := fsys.ReadDir(dir)
	must(t, err)
	if len(list) != 1 || list[0].Name() != "f2" || list[0].IsDir() {
		t.Fatalf("the directory lists %v", list)
	}
	must(t, f.Close())
	if _, err := f.Write(b); !errors.Is(err, fs.ErrClosed) {
		t.Fatalf("wrote to a closed file: %v", err)
	}
	if err := fsys.Remove(dir); err == nil {
		t.Fatal("removed a directory that is not empty")
	}
	must(t, fsys.Remove(path+"2"))
	must(t, fsys.Remove(dir))
}

func TestSyncedSurvives(t *testing.T) {
	content := bytes.Repeat([]byte("synced "), 300)
	for seed := range uint64(200) {
		d := disktest.New(seed)
		must(t, disk.WriteFile(d, "/f", content, 0o600))
		f, err := d.Open("/f", os.O_RDWR|os.O_APPEND, 0)
		must(t, err)
		_, err = f.Write(content)
		must(t, err)
		d.Crash(seed)
		got, err := d.Content("/f")
		must(t, err)
		if !bytes.HasPrefix(got, content) {
			t.Fatalf("seed %d: synced bytes are changed", seed)
		}
		if err := f.Sync(); !errors.Is(err, fs.ErrClosed) {
			t.Fatalf("a file lived through the crash: %v", err)
		}
	}
}

// Over many seeds each possible end of unsynced data has to come up.
func TestUnsyncedVaries(t *testing.T) {
	content := bytes.Repeat([]byte("x"), 2000)
	seen := map[string]bool{}
	for seed := range uint64(300) {
		d := disktest.New(0)
		must(t, create(t, d, "/f", content).Close())
		d.Crash(seed)
		switch got, err := d.Content("/f"); {
		case errors.Is(err, fs.ErrNotExist):
			seen["gone"] = true
		case len(got) == 0:
			seen["empty"] = true
		case bytes.Equal(got, content):
			seen["whole"] = true
		case bytes.HasPrefix(content, got):
			seen["short"] = true
		default:
			seen["changed"] = true
		}
	}
	if len(seen) != 5 {
		t.Fatalf("seen only %v", seen)
	}
}

func TestRenameIsWhole(t *testing.T) {
	for seed := range uint64(100) {
		d := disktest.New(0)
		must(t, disk.WriteFile(d, "/a", []byte("a"), 0o600))
		must(t, disk.WriteFile(d, "/b", []byte("b"), 0o600))
		must(t, d.Rename("/a", "/b"))
		d.Crash(seed)
		_, errA := d.Content("/a")
		b, errB := d.Content("/b")
		must(t, errB)
		if renamed := errA != nil; renamed != (string(b) == "a") {
			t.Fatalf("seed %d: a rename is half done", seed)
		}
	}
}

func TestFailedSyncLies(t *testing.T) {
	lost := false
	for seed := range uint64(50) {
		d := disktest.New(seed)
		must(t, disk.WriteFile(d, "/f", nil, 0o600))
		f := create(t, d, "/f", []byte("unsaved"))
		d.Inject(disktest.Fault{At: 1, Err: syscall.EIO})
		if err := f.Sync(); !errors.Is(err, syscall.EIO) {
			t.Fatalf("Sync returned %v", err)
		}
		must(t, f.Sync())
		if got, err := d.Content("/f"); err != nil || string(got) != "unsaved" {
			t.Fatalf("the cache shows %q, %v", got, err)
		}
		d.Crash(seed)
		got, err := d.Content("/f")
		must(t, err)
		lost = lost || string(got) != "unsaved"
	}
	if !lost {
		t.Fatal("a failed Sync saved everything each time")
	}
}

func TestKillKeepsTheCache(t *testing.T) {
	d := disktest.New(0)
	f := create(t, d, "/f", []byte("cached"))
	d.Kill()
	if err := f.Sync(); !errors.Is(err, fs.ErrClosed) {
		t.Fatalf("a file lived through the kill: %v", err)
	}
	if got, err := d.Content("/f"); err != nil || string(got) != "cached" {
		t.Fatalf("the cache shows %q, %v", got, err)
	}
}

func TestPowerCutStays(t *testing.T) {
	d := disktest.New(0)
	d.Inject(disktest.Fault{At: 2, Cut: true})
	must(t, d.MkdirAll("/a", 0o700))
	for range 3 {
		if err := d.SyncDir("/"); !errors.Is(err, disktest.ErrPower) {
			t.Fatalf("SyncDir returned %v", err)
		}
	}
	d.Crash(0)
	must(t, d.SyncDir("/"))
}

// What becomes of a copy is what would have become of the disk, and neither sees what is done to the other.
func TestCopyIsApart(t *testing.T) {
	make := func() *disktest.Disk {
		d := disktest.New(3)
		must(t, disk.WriteFile(d, "/f", bytes.Repeat([]byte("old "), 400), 0o600))
		f := create(t, d, "/f", bytes.Repeat([]byte("new "), 500))
		must(t, f.Truncate(1900))
		must(t, d.Rename("/f", "/g"))
		create(t, d, "/f", []byte("another"))
		return d
	}
	for seed := range uint64(100) {
		d := make()
		twin, reference := d.Copy(), make()
		if twin.Fingerprint() != d.Fingerprint() || reference.Fingerprint() != d.Fingerprint() {
			t.Fatal("equal disks have different fingerprints")
		}
		create(t, d, "/g", []byte("changed later"))
		if twin.Fingerprint() == d.Fingerprint() {
			t.Fatal("different disks have the same fingerprint")
		}
		twin.Crash(seed)
		reference.Crash(seed)
		if twin.Fingerprint() != reference.Fingerprint() {
			t.Fatalf("seed %d: a copy crashed in another way than its disk", seed)
		}
	}
}

func TestWatchComesBeforeTheOperation(t *testing.T) {
	d := disktest.New(0)
	var seen []*disktest.Disk
	d.Watch(func(copied func() *disktest.Disk) { seen = append(seen, copied()) })
	must(t, disk.WriteFile(d, "/f", []byte("content"), 0o600)) // remove, open, write, sync, rename, syncdir
	d.Watch(nil)
	must(t, d.Remove("/f"))
	if len(seen) != 6 {
		t.Fatalf("%d operations were watched", len(seen))
	}
	if b, err := seen[3].Content("/f.new"); err != nil || string(b) != "content" {
		t.Fatalf("before the sync: %q, %v", b, err)
	}
	seen[5].Crash(0)
	if _, err := seen[5].Content("/f.new"); err == nil {
		if _, err := seen[5].Content("/f"); err == nil {
			t.Fatal("a rename is half done")
		}
	}
}

func TestFaultOfOneKind(t *testing.T) {
	d := disktest.New(0)
	d.Inject(disktest.Fault{At: 2, Op: "sync", Err: syscall.EIO})
	must(t, disk.WriteFile(d, "/a", []byte("a"), 0o600))
	if err := disk.WriteFile(d, "/b", []byte("b"), 0o600); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the second sync returned %v", err)
	}
	must(t, disk.WriteFile(d, "/c", []byte("c"), 0o600))
}
