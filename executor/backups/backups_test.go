package backups_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/executor/backups"
	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/vault"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func shelf(t *testing.T) backups.Shelf {
	t.Helper()
	home := t.TempDir()
	key, err := vault.LoadKey(disk.OS{}, filepath.Join(home, "vault.key"))
	if err != nil {
		t.Fatal(err)
	}
	return backups.Shelf{Dir: filepath.Join(home, "shelf"), Keys: backups.Keys{Own: key, File: filepath.Join(home, "recipients")}}
}

// archive is one of some hundred KiB that cannot be compressed, so that the file has several sums.
func archive(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	w := tar.NewWriter(zipped)
	body := make([]byte, 200<<10)
	for i := range body {
		body[i] = byte(rand.Uint32())
	}
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: "data", Mode: 0o600, Size: int64(len(body))}), second(w.Write(body)), w.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func second(_ int, err error) error { return err }

func put(t *testing.T, s backups.Shelf, at time.Time, content []byte) backups.Backup {
	t.Helper()
	b, err := s.Put(at, func(w io.Writer) error { return second(w.Write(content)) })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read(k backups.Keys, file, identities string) ([]byte, error) {
	o, err := k.Open(file, identities)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	r, err := o.Archive()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func TestPutAndOpen(t *testing.T) {
	s, content := shelf(t), archive(t)
	first, again := put(t, s, noon, content), put(t, s, noon, content)
	if first.ID != "20261128T120000Z" || again.ID != "20261128T120000Z-2" || !first.Encrypted {
		t.Errorf("%+v, %+v", first, again)
	}
	if got, err := read(s.Keys, again.File, ""); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if raw, err := os.ReadFile(first.File); err != nil || bytes.Contains(raw, content[:64]) {
		t.Errorf("it lies there in clear (%v)", err)
	}
	if info, err := os.Stat(first.File); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	broken := errors.New("broken")
	if _, err := s.Put(noon, func(w io.Writer) error { _, _ = w.Write(content); return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if list, err := s.List(); err != nil || len(list) != 2 || list[1].ID != again.ID {
		t.Errorf("%+v, %v", list, err)
	}
	if left, err := filepath.Glob(filepath.Join(s.Dir, ".new-*")); err != nil || left != nil {
		t.Errorf("%v, %v", left, err)
	}
}

// Of one second the later one comes later, also the tenth.
func TestOrder(t *testing.T) {
	s := shelf(t)
	want := []string{put(t, s, noon.Add(-time.Second), nil).ID}
	for range 12 {
		want = append(want, put(t, s, noon, nil).ID)
	}
	list, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range list {
		if b.ID != want[i] {
			t.Errorf("%s at %d, and not %s", b.ID, i, want[i])
		}
	}
}

// Whatever is changed of a file or cut off, it is not taken for a backup.
// A clock that was ahead, or is behind now, does not make an old one of a backup that was just taken.
func TestClockThatIsSetBack(t *testing.T) {
	s := shelf(t)
	put(t, s, noon.AddDate(4, 0, 0), nil)
	removed := put(t, s, noon, nil)
	put(t, s, noon, nil)
	if err := s.Remove([]backups.Backup{removed}); err != nil { // its number is not taken again
		t.Fatal(err)
	}
	for _, now := range []time.Time{noon, noon.AddDate(-30, 0, 0), noon.AddDate(5, 0, 0)} {
		taken := put(t, s, now, nil)
		list, err := s.List()
		if err != nil {
			t.Fatal(err)
		}
		gone := backups.Retention{Keep: 1, MaxAge: time.Hour}.Excess(list, now)
		if newest := list[len(list)-1]; newest.ID != taken.ID || len(gone) > len(list)-1 {
			t.Errorf("%s was taken, and %s is the newest", taken.ID, newest.ID)
		}
	}
}

func TestDamage(t *testing.T) {
	s := shelf(t)
	b := put(t, s, noon, archive(t))
	whole, err := os.ReadFile(b.File)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "damaged")
	rapid.Check(t, func(t *rapid.T) {
		damaged := bytes.Clone(whole)
		at := rapid.IntRange(0, len(whole)-1).Draw(t, "at")
		switch rapid.SampledFrom([]string{"flip", "cut", "more"}).Draw(t, "how") {
		case "flip":
			damaged[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case "cut":
			damaged = damaged[:at]
		case "more":
			damaged = append(damaged, whole[at:]...)
		}
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := read(s.Keys, file, ""); !errors.Is(err, backups.ErrDamaged) && !errors.Is(err, backups.ErrNoKey) {
			t.Fatalf("it is opened: %v", err)
		}
	})
}

// One that is not encrypted is judged by the sum of gzip, to its end.
func TestPlain(t *testing.T) {
	s, content := shelf(t), archive(t)
	file := filepath.Join(t.TempDir(), "mine.tar.gz")
	for _, c := range []struct {
		content []byte
		want    error
	}{
		{content, nil},
		{content[:len(content)-1], backups.ErrDamaged},
		{append(bytes.Clone(content[:len(content)-8]), make([]byte, 8)...), backups.ErrDamaged},
		{[]byte("no backup"), backups.ErrDamaged},
		{nil, backups.ErrDamaged},
	} {
		if err := os.WriteFile(file, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := read(s.Keys, file, ""); !errors.Is(err, c.want) || err == nil && !bytes.Equal(got, content) {
			t.Errorf("%d bytes of %d: %v", len(got), len(c.content), err)
		}
	}
}

// Further recipients read what is written from then on, with their own key; a file that says something else stops it.
func TestRecipients(t *testing.T) {
	s, content := shelf(t), archive(t)
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(t.TempDir(), "key")
	write := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(keyFile, "# mine\n"+other.String()+"\n")
	write(s.Keys.File, "# the team\n"+other.Recipient().String()+"\n")
	b := put(t, s, noon, content)
	stranger := shelf(t).Keys
	if _, err := read(stranger, b.File, ""); !errors.Is(err, backups.ErrNoKey) {
		t.Error(err)
	}
	for _, c := range []struct {
		keys backups.Keys
		file string
	}{{s.Keys, ""}, {stranger, keyFile}} {
		if got, err := read(c.keys, b.File, c.file); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	write(s.Keys.File, "age1nonsense\n")
	if _, err := s.Put(noon, func(io.Writer) error { return nil }); err == nil {
		t.Error("a backup is written although it is not known for whom")
	}
	var sealed bytes.Buffer
	w, err := backups.SealFor(other.Recipient().String(), &sealed)
	if err == nil {
		err = errors.Join(second(w.Write(content)), w.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "sent")
	write(file, sealed.String())
	if got, err := read(stranger, file, keyFile); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := read(s.Keys, file, ""); !errors.Is(err, backups.ErrNoKey) {
		t.Error(err)
	}
}

// What is kept is the newest, no more and none older than is said, and never nothing.
func TestRetention(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ages := rapid.SliceOfN(rapid.IntRange(0, 100), 0, 20).Draw(t, "ages")
		var list []backups.Backup
		at := noon.Add(-2000 * time.Hour)
		for _, hours := range ages {
			at = at.Add(time.Duration(hours) * time.Hour)
			list = append(list, backups.Backup{Time: at})
		}
		r := backups.Retention{Keep: rapid.IntRange(0, 10).Draw(t, "keep"), MaxAge: time.Duration(rapid.IntRange(0, 2000).Draw(t, "hours")) * time.Hour}
		gone := r.Excess(list, noon)
		kept := list[len(gone):]
		switch {
		case len(list) > 0 && len(kept) == 0:
			t.Fatal("nothing is kept")
		case r.Keep > 0 && len(kept) > r.Keep:
			t.Fatalf("%d are kept", len(kept))
		case r == backups.Retention{} && len(gone) > 0:
			t.Fatal("something goes without a word")
		}
		for i, b := range list {
			old := r.MaxAge > 0 && noon.Sub(b.Time) > r.MaxAge
			many := r.Keep > 0 && len(list)-i > r.Keep
			if last := i == len(list)-1; (old || many) && !last != (i < len(gone)) && !last {
				t.Fatalf("number %d of %d: old %v, too many %v, and %d go", i, len(list), old, many, len(gone))
			}
		}
	})
}
