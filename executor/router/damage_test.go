package router

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/torture"
)

// TestT5TableFlips flips every bit of the router's table on disk, and cuts it short: refused, or the same table.
func TestT5TableFlips(t *testing.T) {
	path := filepath.Join(t.TempDir(), "table")
	want := Table{Endpoints: []Endpoint{{Name: "shop app.a.web", Port: 21000, Upstreams: []string{"127.0.0.1:22001", "127.0.0.1:22002"}}, {Name: "b", Port: 21001}}}
	if err := saveTable(disk.OS{}, path, want); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tried, refused := 0, 0
	try := func(changed []byte) {
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		tried++
		got, err := loadTable(disk.OS{}, path)
		switch {
		case err != nil:
			refused++
		case !reflect.DeepEqual(got, want):
			t.Fatalf("%q was read as %v", changed, got)
		}
	}
	for at := range content {
		for bit := range 8 {
			changed := append([]byte(nil), content...)
			changed[at] ^= 1 << bit
			try(changed)
		}
		try(content[:at])
	}
	torture.Report(t, "T5", "%d flips and truncations of the router's table: %d refused, the others changed nothing", tried, refused)
}
