package roles

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/disk/summed"
)

func TestRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.shop")
	if r, err := Load(disk.OS{}, path); err != nil || r.Token != 0 {
		t.Fatalf("without a file: %+v %v", r, err)
	}
	want := Record{Token: 8, Primaries: map[int]Holder{0: {Token: 8, Told: true}, 3: {Token: 5}}}
	if err := Save(disk.OS{}, path, want); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(disk.OS{}, path); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("it reads %+v (%v), written was %+v", got, err, want)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		for bit := range 8 {
			damaged := append([]byte(nil), whole...)
			damaged[at] ^= 1 << bit
			refused(t, path, damaged)
		}
		refused(t, path, whole[:at])
	}
}

func refused(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := Load(disk.OS{}, path); !errors.Is(err, summed.ErrDamaged) {
		t.Fatalf("%q is read as %+v (%v)", content, r, err)
	}
}
