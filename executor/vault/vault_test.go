package vault_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/executor/vault"
)

const (
	keyFile = "/vault.key"
	dir     = "/stack/vault"
	lineage = "lineage-1"
)

func load(t testing.TB, fsys disk.FS, path string) vault.Key {
	t.Helper()
	key, err := vault.LoadKey(fsys, path)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func open(t testing.TB, fsys disk.FS, dir string, key vault.Key) *vault.Vault {
	t.Helper()
	v, err := vault.Open(fsys, dir, key, lineage)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func has(t testing.TB, v *vault.Vault, value string) bool {
	t.Helper()
	got, ok := v.Get(v.ID(value))
	if ok && got != value {
		t.Fatal("another value under the same ID")
	}
	return ok
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestNothingInClear(t *testing.T) {
	home := t.TempDir()
	where := filepath.Join(home, "vault")
	secrets := []string{"correct horse battery staple", "tr0ub4dor&3-tr0ub4dor&3"}
	v := open(t, disk.OS{}, where, load(t, disk.OS{}, filepath.Join(home, "key")))
	must(t, v.Put(secrets...))
	demandNoneIn(t, where, secrets)
	must(t, v.Keep(map[vault.ID]bool{v.ID(secrets[0]): true}))
	must(t, v.Close())
	demandNoneIn(t, where, secrets)
}

func demandNoneIn(t *testing.T, dir string, secrets []string) {
	files, err := os.ReadDir(dir)
	must(t, err)
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		must(t, err)
		for _, s := range secrets {
			for _, shape := range shapes(s) {
				if strings.Contains(string(content), shape) {
					t.Errorf("%s holds a secret as %q", f.Name(), shape)
				}
			}
		}
	}
}

// shapes are the texts that would give a secret away; base64 looks different at each of three offsets.
func shapes(s string) []string {
	list := []string{s, hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s)))}
	for skip := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(s[skip:]))
		list = append(list, encoded[:len(encoded)-2])
	}
	return list
}

func TestKeepsAndForgets(t *testing.T) {
	d := disktest.New(0)
	key := load(t, d, keyFile)
	v := open(t, d, dir, key)
	id := v.ID("one")
	must(t, v.Put("one", "two", "one", ""))
	before := d.Operations()
	must(t, v.Put("two", "one"))
	if d.Operations() != before {
		t.Error("known values were written again")
	}
	keep := map[vault.ID]bool{id: true, v.ID("two"): false}
	must(t, v.Keep(keep))
	if !has(t, v, "two") {
		t.Error("a value that was put just now is forgotten: a plan may be about to refer to it")
	}
	must(t, v.Put("three"))
	must(t, v.Keep(keep))
	must(t, v.Close())
	v = open(t, d, dir, load(t, d, keyFile))
	if v.ID("one") != id || !has(t, v, "one") || !has(t, v, "three") || has(t, v, "two") || has(t, v, "") {
		t.Error("wrong values after opening again")
	}
	parsed, err := vault.ParseID(id.String())
	if err != nil || parsed != id || len(id.String()) != 27 || id.String()[0] != 's' {
		t.Errorf("ID %s parsed as %s: %v", id, parsed, err)
	}
	if other := open(t, d, "/other", key); other.ID("one") == id {
		t.Error("two vaults give one ID")
	}
}

func TestParseIDRefuses(t *testing.T) {
	for _, text := range []string{"", "s", "x" + strings.Repeat("a", 26), "s" + strings.Repeat("a", 25) + "b", "s" + strings.Repeat("A", 26), "s" + strings.Repeat("a", 28)} {
		if _, err := vault.ParseID(text); err == nil {
			t.Errorf("%q was taken for an ID", text)
		}
	}
}

func TestRefuses(t *testing.T) {
	d := disktest.New(0)
	key := load(t, d, keyFile)
	v := open(t, d, dir, key)
	must(t, v.Put("one"))
	must(t, v.Close())
	if _, err := vault.Open(d, dir, load(t, d, "/other.key"), lineage); !errors.Is(err, vault.ErrWrongKey) {
		t.Errorf("with another key: %v", err)
	}
	if _, err := vault.Open(d, dir, key, "lineage-2"); !errors.Is(err, vault.ErrOtherLineage) {
		t.Errorf("with another lineage: %v", err)
	}
	if !has(t, open(t, d, dir, key), "one") {
		t.Error("the secret is gone after refusals")
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	key := load(t, disk.OS{}, path)
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key has mode %v", info.Mode())
	}
	text, err := os.ReadFile(path)
	must(t, err)
	if printed := fmt.Sprintf("%v %+v %#v %s %x", key, key, key, &key, key); strings.Contains(printed, "AGE") {
		t.Error("the key prints itself")
	}
	must(t, os.Chmod(path, 0o644))
	if _, err := vault.LoadKey(disk.OS{}, path); err == nil {
		t.Error("a key that all can read was taken")
	}
	must(t, os.Chmod(path, 0o600))
	for at := range len(text) - 1 {
		changed := append([]byte(nil), text...)
		changed[at] ^= 1
		must(t, os.WriteFile(path, changed, 0o600))
		if _, err := vault.LoadKey(disk.OS{}, path); err == nil || strings.Contains(err.Error(), string(text[20:30])) {
			t.Errorf("a key with byte %d changed: %v", at, err)
		}
	}
}

func TestCrashAtEveryOperation(t *testing.T) {
	for at := 1; at < 70; at++ {
		for seed := range torture.PickRaced(uint64(1), 6, 6) {
			for _, fault := range []disktest.Fault{{At: at, Cut: true}, {At: at, Err: syscall.ENOSPC}} {
				crash(t, fault, seed)
			}
		}
	}
}

// crash puts secrets until the fault, crashes, and demands those that were acknowledged.
func crash(t *testing.T, fault disktest.Fault, seed uint64) {
	d := disktest.New(seed)
	d.Inject(fault)
	kept := map[string]bool{}
	if key, err := vault.LoadKey(d, keyFile); err == nil {
		if v, err := vault.Open(d, dir, key, lineage); err == nil {
			for i := range 6 {
				value := fmt.Sprint("secret ", i)
				if v.Put(value, value+"b") == nil {
					kept[value], kept[value+"b"] = true, true
				}
				if i == 3 {
					delete(kept, "secret 0")
					ids := map[vault.ID]bool{}
					for value := range kept {
						ids[v.ID(value)] = true
					}
					_ = v.Keep(ids)
					if v.Put("secret 1") == nil {
						kept["secret 1"] = true
					}
				}
			}
		}
	}
	d.Crash(seed)
	v := open(t, d, dir, load(t, d, keyFile))
	for value := range kept {
		if !has(t, v, value) {
			t.Fatalf("%+v, seed %d: %q is lost", fault, seed, value)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	d := disktest.New(0)
	key := load(t, d, keyFile)
	v := open(t, d, dir, key)
	keep := map[vault.ID]bool{}
	for i := range 300 {
		keep[v.ID(fmt.Sprint(i))] = true
	}
	var group sync.WaitGroup
	for w := range 3 {
		group.Go(func() {
			for i := range 100 {
				if err := v.Put(fmt.Sprint(w*100 + i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Go(func() {
		if err := v.Keep(keep); err != nil {
			t.Error(err)
		}
	})
	group.Wait()
	for range 2 { // the second time all is one entry
		d.Crash(1)
		v = open(t, d, dir, key)
		for i := range 300 {
			if !has(t, v, fmt.Sprint(i)) {
				t.Fatalf("%d is lost", i)
			}
		}
	}
}

func BenchmarkPut(b *testing.B) {
	home := b.TempDir()
	v := open(b, disk.OS{}, filepath.Join(home, "vault"), load(b, disk.OS{}, filepath.Join(home, "key")))
	n := 0
	for b.Loop() {
		n++
		must(b, v.Put(fmt.Sprint(n)))
	}
}
