package agent

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/journal"
)

// An agent may be killed after it has made a stack's journal and before the first record. Its successor must not take that
// for a stack which was applied from nowhere.
func TestJournalWithoutRecords(t *testing.T) {
	for name, data := range map[string]bool{"alone": false, "beside data": true} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			dir := filepath.Join(home, "stacks", "shop")
			j, _, err := journal.Open(disk.OS{}, filepath.Join(dir, "journal"))
			if err == nil {
				err = j.Close()
			}
			if err == nil && data {
				err = os.WriteFile(filepath.Join(dir, "precious"), nil, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			a := &Agent{Options: Options{Home: home, Log: io.Discard}, fsys: disk.OS{}, stacks: map[string]*stack{}}
			if _, err := a.open("shop", ""); !errors.Is(err, apply.ErrNothing) {
				t.Fatalf("it opens with %v", err)
			}
			err = a.dropNothing("shop")
			if _, there := os.Stat(filepath.Join(dir, "precious")); data && (there != nil || err == nil) {
				t.Errorf("data beside it: %v; %v", there, err)
			}
			if _, there := os.Stat(dir); !data && (!os.IsNotExist(there) || err != nil) {
				t.Errorf("it is still there: %v; %v", there, err)
			}
		})
	}
}
