package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/executor/vault"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/providers/sdk"
)

// TestT5OldCopies puts every older copy of a stack's journal beside every copy of its vault: only those of the same time
// may be opened.
func TestT5OldCopies(t *testing.T) {
	home, copies := t.TempDir(), t.TempDir()
	key, err := vault.LoadKey(disk.OS{}, filepath.Join(home, "vault.key"))
	if err != nil {
		t.Fatal(err)
	}
	open := func() (*stack, error) {
		a := &Agent{Options: Options{Home: home}, fsys: disk.OS{}, key: key, stacks: map[string]*stack{}}
		return a.open("shop", "/src")
	}
	dir := filepath.Join(home, "stacks", "shop")
	const last = 4
	for generation := range last + 1 { // the first one is the state as it is before any run
		s, err := open()
		if err != nil {
			t.Fatal(err)
		}
		if generation > 0 {
			end(t, s, generation)
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(copies, fmt.Sprint(generation)), os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
	refused := 0
	for journal := range last + 1 {
		for vaultOf := range last + 1 {
			for name, generation := range map[string]int{"journal": journal, "vault": vaultOf} {
				if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
				if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(copies, fmt.Sprint(generation), name))); err != nil {
					t.Fatal(err)
				}
			}
			s, err := open()
			switch {
			case err == nil && journal == vaultOf:
				err = s.close()
			case err == nil:
				t.Errorf("the journal of generation %d and the vault of %d pass for one stack", journal, vaultOf)
				err = s.close()
			case errors.Is(err, vault.ErrOlder) && journal != vaultOf:
				refused++
				for _, name := range []string{"journal", "vault"} {
					if !strings.Contains(err.Error(), filepath.Join(dir, name)) {
						t.Errorf("the message does not name the %s: %s", name, err)
					}
				}
				err = nil
			}
			if err != nil {
				t.Errorf("journal of generation %d, vault of %d: %v", journal, vaultOf, err)
			}
		}
	}
	torture.Report(t, "T5", "%d pairs of an old state and a newer vault, or the other way round: all refused; %d of the same time: all opened", refused, last+1)
}

// end carries out a run that changes nothing.
func end(t *testing.T, s *stack, generation int) {
	known := s.book.Copy()
	p := &plan.Plan{Stack: s.name, Lineage: known.Lineage, Serial: known.Serial, Generation: generation}
	if err := s.book.Begin(p, time.Now()); err != nil {
		t.Fatal(err)
	}
	engine := &apply.Engine{Book: s.book, Provider: noTypes{}, Seal: s.seal, Mark: s.vault.Mark, Open: s.reveal, ID: s.idOf}
	if _, err := engine.Carry(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// noTypes is a provider of nothing.
type noTypes struct{}

func (noTypes) Schema() sdk.Schema           { return sdk.Schema{} }
func (noTypes) Resource(string) sdk.Resource { return nil }
