package trust

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/nsynapse/recipe/executor/disk"
)

// Signer is a publisher's own key, and the history that goes with it.
type Signer struct {
	Public
	History History
	signer  note.Signer
}

// Keys is the directory of one's own keys. For each namespace it holds NAMESPACE.key, the private key, which nobody but
// its owner may read, and NAMESPACE.history. It is made when the first key is.
type Keys string

// ErrNoKey says that there is no key for a namespace.
var ErrNoKey = errors.New("there is no key")

// New makes the first key of a namespace.
func (k Keys) New(namespace string) (*Signer, error) {
	if err := checkNamespace(namespace); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(k.path(namespace, "key")); err == nil {
		return nil, fmt.Errorf("there is a key for %s already, %s; a new one in its place: recipe key rotate %s", namespace, k.path(namespace, "key"), namespace)
	}
	private, s, err := generate(namespace)
	if err != nil {
		return nil, err
	}
	return s, k.save(s, private)
}

// Rotate makes a new key in place of the one there is, which vouches for it.
func (k Keys) Rotate(namespace string) (*Signer, error) {
	old, err := k.Load(namespace)
	if err != nil {
		return nil, err
	}
	private, s, err := generate(namespace)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("%snamespace %s\nreplaces %s\nkey %s\n", keyHead, namespace, old.Fingerprint(), s.Public)
	signed, err := note.Sign(&note.Note{Text: text}, old.signer, s.signer)
	if err != nil {
		return nil, err
	}
	s.History = old.History.join(s.History).join(History{Statements: []string{string(signed)}})
	return s, k.save(s, private)
}

// Revoke takes back a key of the namespace; the one there is now says so, and so it cannot be that one itself: nobody would take
// what is published from then on. Known tells whether it is a key that was made here, and not one that somebody else may have
// brought in, or a slip of the pen.
func (k Keys) Revoke(namespace string, f Fingerprint) (s *Signer, known bool, err error) {
	if s, err = k.Load(namespace); err != nil {
		return nil, false, err
	}
	if f == s.Fingerprint() {
		return nil, true, fmt.Errorf("%s is the key that %s signs with, and nothing that it has signed would be taken any more; first make a new one: recipe key rotate %s", f, namespace, namespace)
	}
	text := fmt.Sprintf("%snamespace %s\nrevokes %s\n", revocationHead, namespace, f)
	signed, err := note.Sign(&note.Note{Text: text}, s.signer)
	if err != nil {
		return nil, false, err
	}
	s.History = s.History.join(History{Statements: []string{string(signed)}})
	return s, slices.Contains(fingerprints(s.History.keys(namespace)), f), k.saveHistory(s)
}

// Load returns the key of a namespace. A key that others may read is refused. The error is ErrNoKey when there is
// none.
func (k Keys) Load(namespace string) (*Signer, error) {
	if err := checkNamespace(namespace); err != nil {
		return nil, err
	}
	path := k.path(namespace, "key")
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w for %s; make one with: recipe key new %s", ErrNoKey, namespace, namespace)
	}
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others may read the key %s; close it with: chmod 600 %s", path, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%s is not a private key: %w", path, err)
	}
	return k.complete(namespace, signer)
}

// complete reads the history of a key that was loaded; its last key is the one.
func (k Keys) complete(namespace string, signer note.Signer) (*Signer, error) {
	path := k.path(namespace, "history")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read what belongs to the key of %s: %w", namespace, err)
	}
	history, err := ParseHistory(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, p := range history.keys(namespace) {
		if p.verifier.KeyHash() == signer.KeyHash() {
			return &Signer{Public: p, History: history, signer: signer}, nil
		}
	}
	return nil, fmt.Errorf("%s does not name the key beside it", path)
}

// List returns the keys there are, by namespace.
func (k Keys) List() ([]*Signer, error) {
	paths, err := filepath.Glob(k.path("*", "key"))
	if err != nil {
		return nil, err
	}
	var list []*Signer
	for _, path := range paths {
		s, err := k.Load(strings.TrimSuffix(filepath.Base(path), ".key"))
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// Sign returns the text with the signature below it. The text ends with a newline and has no other control characters.
func (s *Signer) Sign(text string) ([]byte, error) {
	return note.Sign(&note.Note{Text: text}, s.signer)
}

// SignEnvelope signs a payload as DSSE v1 does, and returns the bare Ed25519 signature.
func (s *Signer) SignEnvelope(payloadType string, payload []byte) ([]byte, error) {
	return s.signer.Sign(envelopeText(payloadType, payload))
}

func generate(namespace string) (private string, s *Signer, err error) {
	private, public, err := note.GenerateKey(rand.Reader, namespace)
	if err != nil {
		return "", nil, err
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return "", nil, err
	}
	p, err := ParsePublic(public)
	return private, &Signer{Public: p, History: History{Keys: []string{public}}, signer: signer}, err
}

// save writes the history first: it may name more keys than there are, but never lack the one.
func (k Keys) save(s *Signer, private string) error {
	if err := os.MkdirAll(string(k), 0o700); err != nil {
		return err
	}
	if err := k.saveHistory(s); err != nil {
		return err
	}
	return disk.WriteFile(disk.OS{}, k.path(s.Namespace(), "key"), []byte(private+"\n"), 0o600)
}

func (k Keys) saveHistory(s *Signer) error {
	text, err := s.History.Encode()
	if err != nil {
		return err
	}
	return disk.WriteFile(disk.OS{}, k.path(s.Namespace(), "history"), text, 0o644)
}

func (k Keys) path(namespace, kind string) string {
	return filepath.Join(string(k), namespace+"."+kind)
}

func checkNamespace(s string) error {
	if s == "" || len(s) > 64 || s[0] == '.' || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
		return fmt.Errorf("%q is not a namespace: it has lower-case letters, digits, dots, - and _, as the part of a package's name before the slash", s)
	}
	return nil
}
