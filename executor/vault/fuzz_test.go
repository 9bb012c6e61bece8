package vault_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/vault"
)

// FuzzVault opens any bytes as the two files of a vault: they are refused, or they are the vault that was there, whole, and
// it can be used. testdata has a vault with the values "value" and "other" and, as its last record, the mark 1; and a key that
// opens nothing else. The mark alone may be missing: a last record that is torn cannot be told from one that was being written,
// if nothing says that it was acknowledged; see executor/journal.
func FuzzVault(f *testing.F) {
	read := func(name string) []byte {
		content, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		return content
	}
	key, snapshot, log := read("fuzz.key"), read("fuzz.snapshot"), read("fuzz.log")
	if v, err := fuzzed(f, key, snapshot, log); err != nil || !has(f, v, "value") || v.Fits(1, false) != nil {
		f.Fatal("the vault to begin with is none", err)
	}
	for _, seed := range [][2][]byte{{snapshot, log}, {snapshot, log[:len(log)/2]}, {snapshot, log[:len(log)-1]}, {snapshot[:20], log}, {log, snapshot}, {snapshot, append(bytes.Clone(log), log...)}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, snapshot, log []byte) {
		v, err := fuzzed(t, key, snapshot, log)
		if err != nil {
			return
		}
		if !has(t, v, "value") || !has(t, v, "other") {
			t.Error("a part of the vault is missing, and it was opened")
		}
		must(t, v.Put("another"))
		must(t, v.Close())
	})
}

// fuzzed opens a vault of these files.
func fuzzed(t testing.TB, key, snapshot, log []byte) (*vault.Vault, error) {
	d := disktest.New(1)
	must(t, d.MkdirAll(dir, 0o700))
	must(t, disk.WriteFile(d, keyFile, key, 0o600))
	must(t, d.Damage(dir+"/snapshot", snapshot))
	must(t, d.Damage(dir+"/log", log))
	return vault.Open(d, dir, load(t, d, keyFile), lineage)
}
