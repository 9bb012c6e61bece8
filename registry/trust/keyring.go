package trust

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/providers/builtin/claim"
)

// MaxNote bounds a signed text, in bytes.
const MaxNote = 1 << 20

// Keyring is the publishers that a user trusts, in a file, which is read anew for every question. It is safe for
// concurrent use, also by several processes.
type Keyring struct {
	path string
}

// publishers are they by namespace.
type publishers map[string]*publisher

// publisher is what is known of one namespace.
type publisher struct {
	Trusted []Fingerprint `json:"trusted"`           // given by the user
	Removed []Fingerprint `json:"removed,omitempty"` // taken back by the user: no statement brings them in again
	History History       `json:"history"`           // learnt from packages that verified
}

// Publisher is one line of the list. Each key is in one of the three.
type Publisher struct {
	Namespace    string        `json:"namespace"`
	Fingerprints []Fingerprint `json:"fingerprints"`      // given by the user, and good
	Learnt       []Fingerprint `json:"learnt,omitempty"`  // good because a trusted key vouches for them
	Revoked      []Fingerprint `json:"revoked,omitempty"` // by the publisher
}

// Untrusted is the refusal of what nobody trusted has signed.
type Untrusted struct {
	Namespace string
	Trusted   bool          // some key of the namespace is trusted, not this one
	Revoked   bool          // the key was revoked by the publisher or removed by the user
	Offered   []Fingerprint // the keys that the registry offers for the namespace
}

func (u *Untrusted) Error() string {
	switch {
	case u.Revoked:
		return fmt.Sprintf("it is signed by a key of %s that was revoked", u.Namespace)
	case u.Trusted:
		return fmt.Sprintf("it is not signed by a key of %s that is trusted", u.Namespace)
	}
	return fmt.Sprintf("no key of %s is trusted", u.Namespace)
}

// WayOut says what the user can do, in a sentence.
func (u *Untrusted) WayOut() string {
	switch {
	case u.Revoked:
		return fmt.Sprintf("%s took back that key; choose a version that is signed by a newer one", u.Namespace)
	case len(u.Offered) == 0:
		return fmt.Sprintf("Ask %s for the fingerprint of its key, and give it with\nrecipe trust add %s FINGERPRINT", u.Namespace, u.Namespace)
	}
	// The command stands on a line of its own, where it can be copied from.
	return fmt.Sprintf("The registry offers a key. If %s tells you by another way that it is theirs, trust it with\nrecipe trust add %s %s\nand try again",
		u.Namespace, u.Namespace, u.Offered[len(u.Offered)-1])
}

// Open returns the keyring in the file; one that is not there is an empty one.
func Open(path string) *Keyring { return &Keyring{path: path} }

// Add trusts a key from now on.
func (k *Keyring) Add(ctx context.Context, namespace string, f Fingerprint) error {
	if err := checkNamespace(namespace); err != nil {
		return err
	}
	return k.update(ctx, func(all publishers) error {
		p := all[namespace]
		if p == nil {
			p = &publisher{}
			all[namespace] = p
		}
		p.Removed = slices.DeleteFunc(p.Removed, func(other Fingerprint) bool { return other == f })
		p.Trusted = with(p.Trusted, f)
		return nil
	})
}

// Knows reports whether a key is among those of a namespace that List shows.
func (k *Keyring) Knows(namespace string, f Fingerprint) (bool, error) {
	all, err := k.List()
	at := slices.IndexFunc(all, func(p Publisher) bool { return p.Namespace == namespace })
	return at >= 0 && slices.Contains(slices.Concat(all[at].Fingerprints, all[at].Learnt, all[at].Revoked), f), err
}

// Remove trusts a key no more, whoever vouches for it; without a fingerprint, all of a namespace.
func (k *Keyring) Remove(ctx context.Context, namespace string, f Fingerprint) error {
	return k.update(ctx, func(all publishers) error {
		p := all[namespace]
		switch {
		case p == nil:
			return fmt.Errorf("no key of %s is trusted", namespace)
		case f == "":
			delete(all, namespace)
		default:
			p.Trusted = slices.DeleteFunc(p.Trusted, func(other Fingerprint) bool { return other == f })
			p.Removed = with(p.Removed, f)
		}
		return nil
	})
}

func with(list []Fingerprint, f Fingerprint) []Fingerprint {
	if slices.Contains(list, f) {
		return list
	}
	return append(list, f)
}

// Digest stands for all that the keyring holds, "" for one that is not there: what was verified stays verified as long as it is
// the same.
func (k *Keyring) Digest() (string, error) {
	text, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return fmt.Sprintf("%x", sha256.Sum256(text)), err
}

// List returns who is trusted, by namespace.
func (k *Keyring) List() ([]Publisher, error) {
	all, err := k.read()
	list := []Publisher{}
	for _, namespace := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[namespace].line(namespace))
	}
	return list, err
}

func (p *publisher) line(namespace string) Publisher {
	good, revoked := p.believe(namespace, p.History)
	given := slices.DeleteFunc(slices.Clone(p.Trusted), func(f Fingerprint) bool { return revoked[f] })
	line := Publisher{Namespace: namespace, Fingerprints: given}
	for _, f := range fingerprints(good) {
		if !slices.Contains(p.Trusted, f) {
			line.Learnt = append(line.Learnt, f)
		}
	}
	line.Revoked = slices.Sorted(maps.Keys(revoked))
	return line
}

// Verify returns the text of a note that a good key of the namespace has signed; offered is the history that came with
// it. What is learnt about the keys of a trusted publisher is kept. The error is *Untrusted when nobody trusted signed.
func (k *Keyring) Verify(ctx context.Context, namespace string, signed []byte, offered History) (text string, by Public, err error) {
	if len(signed) > MaxNote {
		return "", by, fmt.Errorf("the signed text has more than %d bytes", MaxNote)
	}
	all, err := k.read()
	if err != nil {
		return "", by, err
	}
	p := all[namespace]
	if p == nil {
		return "", by, &Untrusted{Namespace: namespace, Offered: fingerprints(offered.keys(namespace))}
	}
	history := p.History.join(offered)
	good, revoked := p.believe(namespace, history)
	opened, err := note.Open(signed, verifiers(good))
	if err != nil {
		return "", by, p.refusal(namespace, signed, history, offered, revoked)
	}
	at := slices.IndexFunc(good, func(key Public) bool { return key.verifier.KeyHash() == opened.Sigs[0].Hash })
	return opened.Text, good[at], k.learn(ctx, namespace, p, offered)
}

// Trusts returns nil when a key of the namespace is a good one by all that is known now, and else an *Untrusted.
func (k *Keyring) Trusts(namespace string, f Fingerprint) error {
	all, err := k.read()
	if err != nil {
		return err
	}
	p := all[namespace]
	if p == nil {
		return &Untrusted{Namespace: namespace}
	}
	good, revoked := p.believe(namespace, p.History)
	if slices.Contains(fingerprints(good), f) {
		return nil
	}
	return &Untrusted{Namespace: namespace, Trusted: len(p.Trusted) > 0, Revoked: revoked[f] || slices.Contains(p.Removed, f)}
}

// believe is that of the history, without what the user removed.
func (p *publisher) believe(namespace string, h History) (good []Public, revoked map[Fingerprint]bool) {
	h.Keys = slices.DeleteFunc(slices.Clone(h.Keys), func(text string) bool {
		key, err := ParsePublic(text)
		return err == nil && slices.Contains(p.Removed, key.Fingerprint())
	})
	return h.believe(namespace, p.Trusted)
}

// refusal tells why nothing good signed the note.
func (p *publisher) refusal(namespace string, signed []byte, all, offered History, revoked map[Fingerprint]bool) error {
	u := &Untrusted{Namespace: namespace, Trusted: len(p.Trusted) > 0, Offered: fingerprints(offered.keys(namespace))}
	opened, err := note.Open(signed, verifiers(all.keys(namespace)))
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		return u
	case err != nil:
		return fmt.Errorf("its signature is not valid: %w", err)
	}
	for _, key := range all.keys(namespace) {
		f := key.Fingerprint()
		if key.verifier.KeyHash() == opened.Sigs[0].Hash && (revoked[f] || slices.Contains(p.Removed, f)) {
			u.Revoked = true
		}
	}
	return u
}

// learn keeps what came with a package, as far as trusted keys have stated it.
func (k *Keyring) learn(ctx context.Context, namespace string, p *publisher, offered History) error {
	if p.worth(namespace, offered).equal(p.History) {
		return nil
	}
	return k.update(ctx, func(all publishers) error {
		if p := all[namespace]; p != nil { // nobody removed it meanwhile
			p.History = p.worth(namespace, offered)
		}
		return nil
	})
}

// worth is what is known of the publisher's keys together with what is offered; what a registry made up is left out.
func (p *publisher) worth(namespace string, offered History) History {
	all := p.History.join(offered)
	keys := all.keys(namespace)
	good, revoked := p.believe(namespace, all)
	var kept History
	for _, key := range keys {
		if f := key.Fingerprint(); revoked[f] || slices.Contains(fingerprints(good), f) {
			kept.Keys = append(kept.Keys, key.text)
		}
	}
	for _, text := range all.Statements {
		if s, signers := openStatement(namespace, text, keys); s.holds(signers, good, revoked) {
			kept.Statements = append(kept.Statements, text)
		}
	}
	return kept
}

// holds reports whether one of the keys that are or were good signed the statement.
func (s statement) holds(signers []Fingerprint, good []Public, revoked map[Fingerprint]bool) bool {
	return s != statement{} && slices.ContainsFunc(signers, func(f Fingerprint) bool {
		return revoked[f] || slices.Contains(fingerprints(good), f)
	})
}

func fingerprints(keys []Public) []Fingerprint {
	var list []Fingerprint
	for _, p := range keys {
		list = append(list, p.Fingerprint())
	}
	return list
}

func (k *Keyring) read() (publishers, error) {
	all := publishers{}
	text, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the trusted keys in %s: %w", k.path, err)
	}
	return all, nil
}

// update changes the file, one process at a time: else one could bring back what another just removed.
func (k *Keyring) update(ctx context.Context, change func(publishers) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(k.path), 0o755); err != nil {
		return err
	}
	lock, err := claim.Acquire(ctx, k.path+".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	all, err := k.read()
	if err != nil {
		return err
	}
	if err := change(all); err != nil {
		return err
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return disk.WriteFile(disk.OS{}, k.path, append(text, '\n'), 0o644)
}
