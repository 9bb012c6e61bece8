package vault_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/journal"
	"github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/executor/vault"
)

// TestT5VaultFlips flips every byte of a vault: it has to be refused, or to hold the same values under the same IDs.
func TestT5VaultFlips(t *testing.T) {
	d := disktest.New(0)
	key := load(t, d, keyFile)
	v := open(t, d, dir, key)
	must(t, v.Put("first"))
	must(t, v.Keep(map[vault.ID]bool{v.ID("first"): true}))
	must(t, v.Put("second"))
	must(t, v.Mark(3))
	first, second := v.ID("first"), v.ID("second")
	must(t, v.Close())
	tried, refused := 0, 0
	stride := torture.PickRaced(11, 1, 1)
	try := func(d *disktest.Disk) {
		tried++
		v, err := vault.Open(d, dir, key, lineage)
		if err != nil {
			refused++
			return
		}
		a, okA := v.Get(first)
		b, okB := v.Get(second)
		if !okA || !okB || a != "first" || b != "second" || v.Fits(3, false) != nil {
			t.Fatal("a flip changed what the vault holds")
		}
		must(t, v.Close())
	}
	for _, name := range []string{"snapshot", "log"} {
		path := filepath.Join(dir, name)
		content, err := d.Content(path)
		must(t, err)
		for at := 0; at < len(content); at += stride {
			for _, flip := range []byte{1 << (at % 8), 0xff} {
				changed := append([]byte(nil), content...)
				changed[at] ^= flip
				twin := d.Copy()
				must(t, twin.Damage(path, changed))
				try(twin)
			}
		}
	}
	// A hand that mends the journal's sums: what is left is the seal of age.
	_, r, err := journal.Open(d.Copy(), dir)
	must(t, err)
	entries := append([][]byte{r.Snapshot}, r.Records...)
	for n, entry := range entries {
		for at := 0; at < len(entry); at += stride {
			twin := disktest.New(0)
			j, _, err := journal.Open(twin, dir)
			must(t, err)
			for other, e := range entries {
				e = append([]byte(nil), e...)
				if other == n {
					e[at] ^= 1 << (at % 8)
				}
				must(t, j.Append(e))
			}
			must(t, j.Close())
			try(twin)
		}
	}
	torture.Report(t, "T5", "%d flips of every byte of a vault, also below its sums: %d refused, the others changed nothing", tried, refused)
}

// TestT5VaultKeyFlips flips and cuts the key file: it has to be told, not made anew, and never to be another key.
func TestT5VaultKeyFlips(t *testing.T) {
	d := disktest.New(0)
	key := load(t, d, keyFile)
	v := open(t, d, dir, key)
	must(t, v.Put("value"))
	must(t, v.Close())
	content, err := d.Content(keyFile)
	must(t, err)
	tried, refused := 0, 0
	try := func(changed []byte) {
		tried++
		twin := d.Copy()
		must(t, twin.Damage(keyFile, changed))
		key, err := vault.LoadKey(twin, keyFile)
		if err != nil {
			if refused++; !strings.Contains(err.Error(), keyFile) || !strings.Contains(err.Error(), "copy") {
				t.Fatalf("the message does not help: %v", err)
			}
			return
		}
		v, err := vault.Open(twin, dir, key, lineage) // only the newline was changed
		must(t, err)
		if !has(t, v, "value") {
			t.Fatal("another key")
		}
		must(t, v.Close())
	}
	for at := range content {
		for bit := range 8 {
			changed := append([]byte(nil), content...)
			changed[at] ^= 1 << bit
			try(changed)
		}
		try(content[:at])
	}
	if refused < tried-16 {
		t.Fatalf("only %d of %d were refused", refused, tried)
	}
	torture.Report(t, "T5", "%d flips and truncations of vault.key: %d told, the others the same key", tried, refused)
}
