package trust_test

import (
	"path/filepath"
	"testing"

	"github.com/nsynapse/recipe/registry/trust"
)

// FuzzVerify shows histories and notes of strangers to somebody who trusts a key that none of them has: nothing is
// taken, whatever they are, and nothing is learnt.
func FuzzVerify(f *testing.F) {
	stranger, err := trust.Keys(f.TempDir()).New("acme")
	if err != nil {
		f.Fatal(err)
	}
	signed, err := stranger.Sign("recipe key 1\nnamespace acme\nreplaces SHA256:0\nkey " + stranger.String() + "\n")
	if err != nil {
		f.Fatal(err)
	}
	history, err := trust.History{Keys: stranger.History.Keys, Statements: []string{string(signed)}}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	mine, err := trust.Keys(f.TempDir()).New("acme")
	if err != nil {
		f.Fatal(err)
	}
	ring := trust.Open(filepath.Join(f.TempDir(), "trust.json"))
	if err := ring.Add(f.Context(), "acme", mine.Fingerprint()); err != nil {
		f.Fatal(err)
	}
	f.Add(signed, history)
	f.Add([]byte("\n\n— acme AAAA\n"), []byte(`{"keys":["acme+00000000+"],"statements":["\n"]}`))
	f.Fuzz(func(t *testing.T, signed, history []byte) {
		h, err := trust.ParseHistory(history)
		if err != nil {
			return
		}
		if text, _, err := ring.Verify(t.Context(), "acme", signed, h); err == nil {
			t.Errorf("taken: %q", text)
		}
		if list, err := ring.List(); err != nil || len(list[0].Learnt) > 0 || len(list[0].Revoked) > 0 {
			t.Errorf("learnt: %+v, %v", list, err)
		}
	})
}
