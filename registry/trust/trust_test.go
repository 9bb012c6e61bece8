package trust_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/registry/trust"
)

const text = "recipe package 1\n{}\n"

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// world is a publisher acme with a first key, and a user who trusts nobody yet.
type world struct {
	*testing.T
	keys   trust.Keys
	first  *trust.Signer
	ring   *trust.Keyring
	signer func(*trust.Signer, error) *trust.Signer
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, keys: trust.Keys(t.TempDir()), ring: trust.Open(filepath.Join(t.TempDir(), "trust.json")), signer: must[*trust.Signer](t)}
	w.first = w.signer(w.keys.New("acme"))
	return w
}

func (w *world) trust(f trust.Fingerprint) {
	w.Helper()
	if err := w.ring.Add(w.Context(), "acme", f); err != nil {
		w.Fatal(err)
	}
}

// verify opens what the signer signs, shown with a history.
func (w *world) verify(s *trust.Signer, shown trust.History) error {
	w.Helper()
	signed := must[[]byte](w.T)(s.Sign(text))
	got, by, err := w.ring.Verify(w.Context(), "acme", signed, shown)
	if err == nil && (got != text || by.Fingerprint() != s.Fingerprint()) {
		w.Errorf("verified as %q by %s", got, by.Fingerprint())
	}
	return err
}

func (w *world) takes(what string, s *trust.Signer, shown trust.History) {
	w.Helper()
	if err := w.verify(s, shown); err != nil {
		w.Errorf("%s: %v", what, err)
	}
}

func (w *world) refuses(what string, s *trust.Signer, shown trust.History) *trust.Untrusted {
	w.Helper()
	u := &trust.Untrusted{}
	if err := w.verify(s, shown); !errors.As(err, &u) {
		w.Errorf("%s: %v", what, err)
	}
	return u
}

func TestNobodyIsTrustedByBeingThere(t *testing.T) {
	w := newWorld(t)
	u := w.refuses("a key that was not given", w.first, w.first.History)
	if len(u.Offered) != 1 || u.Offered[0] != w.first.Fingerprint() {
		t.Errorf("offered: %v", u.Offered)
	}
	w.refuses("the same once more", w.first, w.first.History)
	w.trust(w.first.Fingerprint())
	w.takes("a trusted key", w.first, w.first.History)
	w.takes("a known key, without its history", w.first, trust.History{})
}

func TestTheKeyOfAnother(t *testing.T) {
	w := newWorld(t)
	w.trust(w.first.Fingerprint())
	thief := w.signer(trust.Keys(t.TempDir()).New("acme"))
	w.refuses("another key of that namespace", thief, thief.History)
	mixed := trust.History{Keys: append(thief.History.Keys, w.first.History.Keys...)}
	w.refuses("another key beside the trusted one", thief, mixed)
	other := w.signer(trust.Keys(t.TempDir()).New("other"))
	if err := w.ring.Add(t.Context(), "other", other.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	w.refuses("the trusted key of another namespace", other, other.History)
}

func TestRotation(t *testing.T) {
	w := newWorld(t)
	w.trust(w.first.Fingerprint())
	second := w.signer(w.keys.Rotate("acme"))
	third := w.signer(w.keys.Rotate("acme"))
	w.refuses("a new key without its history", third, trust.History{})
	w.takes("the key after the next", third, third.History)
	w.takes("what the first has signed", w.first, third.History)
	w.takes("a learnt key, without its history", second, trust.History{})
	list := must[[]trust.Publisher](t)(w.ring.List())
	if len(list) != 1 || len(list[0].Learnt) != 2 || len(list[0].Fingerprints) != 1 {
		t.Errorf("list: %+v", list)
	}
}

func TestWhoTrustsTheNewKeyTakesWhatTheOldHasSigned(t *testing.T) {
	w := newWorld(t)
	second := w.signer(w.keys.Rotate("acme"))
	w.trust(second.Fingerprint())
	w.takes("an old version", w.first, second.History)
}

// TestForgedRotation has a thief, who has no key of acme's, state that his key replaces it.
func TestForgedRotation(t *testing.T) {
	w := newWorld(t)
	w.trust(w.first.Fingerprint())
	thieves := trust.Keys(t.TempDir())
	thief := w.signer(thieves.New("acme"))
	statement := "recipe key 1\nnamespace acme\nreplaces " + string(w.first.Fingerprint()) + "\nkey " + thief.String() + "\n"
	signed := string(must[[]byte](t)(thief.Sign(statement)))
	forged := trust.History{Keys: append(thief.History.Keys, w.first.History.Keys...), Statements: []string{signed}}
	w.refuses("a rotation that the old key did not sign", thief, forged)

	signed = string(must[[]byte](t)(w.first.Sign(strings.Replace(statement, "namespace acme", "namespace other", 1))))
	forged.Statements = []string{signed}
	w.refuses("a rotation in another namespace, which the new key did not sign", thief, forged)
	w.takes("the real one", w.first, w.first.History)
	if list := must[[]trust.Publisher](t)(w.ring.List()); len(list[0].Learnt) != 0 {
		t.Errorf("learnt: %+v", list)
	}
}

func TestRevocation(t *testing.T) {
	w := newWorld(t)
	w.trust(w.first.Fingerprint())
	second := w.signer(w.keys.Rotate("acme"))
	w.takes("the old key", w.first, second.History)
	if _, _, err := w.keys.Revoke("acme", second.Fingerprint()); err == nil || !strings.Contains(err.Error(), "recipe key rotate acme") {
		t.Errorf("the key in use is revoked: %v", err)
	}
	second, known, err := w.keys.Revoke("acme", w.first.Fingerprint())
	if err != nil || !known {
		t.Fatalf("known %v, %v", known, err)
	}
	if _, known, err := w.keys.Revoke("acme", w.signer(trust.Keys(t.TempDir()).New("acme")).Fingerprint()); err != nil || known {
		t.Errorf("a key from elsewhere: known %v, %v", known, err)
	}
	w.takes("the new key", second, second.History)
	if u := w.refuses("the revoked key", w.first, second.History); !u.Revoked {
		t.Errorf("told as %v", u)
	}
	w.refuses("the revoked key, by a registry that shows an older history", w.first, w.first.History)
	w.refuses("the revoked key, by a registry that shows none", w.first, trust.History{})
	w.takes("the new key, still", second, trust.History{})
}

func TestForgedRevocation(t *testing.T) {
	w := newWorld(t)
	w.trust(w.first.Fingerprint())
	thief := w.signer(trust.Keys(t.TempDir()).New("acme"))
	signed := must[[]byte](t)(thief.Sign("recipe revocation 1\nnamespace acme\nrevokes " + string(w.first.Fingerprint()) + "\n"))
	w.takes("the key that a stranger revokes", w.first,
		trust.History{Keys: append(w.first.History.Keys, thief.History.Keys...), Statements: []string{string(signed)}})
}

func TestRemoved(t *testing.T) {
	w := newWorld(t)
	second := w.signer(w.keys.Rotate("acme"))
	w.trust(w.first.Fingerprint())
	w.takes("the new key", second, second.History)
	if err := w.ring.Remove(t.Context(), "acme", second.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	w.refuses("what the user removed, though the old key vouches for it", second, second.History)
	w.takes("the old key", w.first, second.History)
	if err := w.ring.Remove(t.Context(), "acme", ""); err != nil {
		t.Fatal(err)
	}
	w.refuses("a publisher who was removed", w.first, w.first.History)
}

// TestEveryFlipIsRefused flips each bit of a signed text, one at a time. Some bits at the end of a base64 text mean
// nothing; all others have to be refused.
func TestEveryFlipIsRefused(t *testing.T) {
	w := newWorld(t)
	w.trust(w.first.Fingerprint())
	signed := must[[]byte](t)(w.first.Sign(text))
	last := len(bytes.TrimRight(signed, "=\n")) - 1 // the character of base64 that is not used whole
	for i := range signed {
		for bit := range 8 {
			flipped := bytes.Clone(signed)
			flipped[i] ^= 1 << bit
			if got, _, err := w.ring.Verify(t.Context(), "acme", flipped, w.first.History); err == nil && (got != text || i != last) {
				t.Errorf("byte %d, bit %d: taken as %q", i, bit, got)
			}
		}
	}
}

func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	keys := trust.Keys(filepath.Join(dir, "keys"))
	if _, err := keys.Load("acme"); !errors.Is(err, trust.ErrNoKey) || !strings.HasSuffix(err.Error(), "recipe key new acme") {
		t.Errorf("no key: %v", err)
	}
	made := must[*trust.Signer](t)(keys.New("acme"))
	if _, err := keys.New("acme"); err == nil {
		t.Error("a second key took the place of the first")
	}
	path := filepath.Join(dir, "keys", "acme.key")
	info := must[fs.FileInfo](t)(os.Stat(path))
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key has mode %v", info.Mode())
	}
	if s := must[*trust.Signer](t)(keys.Load("acme")); s.Fingerprint() != made.Fingerprint() {
		t.Error("another key was read")
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Load("acme"); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others may read: %v", err)
	}
	for _, bad := range []string{"", "a/b", "..", "A", "a b", "a+b"} {
		if _, err := keys.New(bad); err == nil {
			t.Errorf("%q is a namespace", bad)
		}
	}
}

func TestParseFingerprint(t *testing.T) {
	w := newWorld(t)
	good := string(w.first.Fingerprint())
	if f, err := trust.ParseFingerprint(good); err != nil || f != w.first.Fingerprint() {
		t.Error(f, err)
	}
	for _, bad := range []string{"", good[1:], good[:len(good)-1], good + "A", strings.Replace(good, "SHA256", "sha256", 1)} {
		if _, err := trust.ParseFingerprint(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
