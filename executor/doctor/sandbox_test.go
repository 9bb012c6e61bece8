package doctor

import (
	"strings"
	"testing"
)

// An app of an ordinary user's agent is that user.
func TestUserOfApps(t *testing.T) {
	for uid, want := range map[int]State{0: Fine, 1000: Without} {
		if found := whom(t.Context(), Input{UID: uid}); len(found) != 1 || found[0].State != want {
			t.Errorf("user %d: %+v", uid, found)
		}
	}
}

// What a kernel lacks is told with what follows from it.
func TestLandlockVersions(t *testing.T) {
	for version, want := range map[int]Finding{
		0: {State: Without, Detail: "none", Hint: "reach every file"},
		1: {State: Without, Detail: "cannot be moved", Hint: "reach every file"},
		2: {State: Without, Detail: "kept to their own files", Hint: "signals"},
		5: {State: Without, Detail: "kept to their own files", Hint: "signals"},
		6: {State: Fine, Detail: "files and signals"},
		9: {State: Fine, Detail: "version 9"},
	} {
		found := keptApart(t.Context(), Input{Landlock: version})
		if len(found) != 1 || found[0].State != want.State || !strings.Contains(found[0].Detail, want.Detail) || !strings.Contains(found[0].Hint, want.Hint) {
			t.Errorf("version %d: %+v", version, found)
		}
	}
}
