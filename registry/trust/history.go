package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// MaxHistory bounds a history as text, in bytes.
const MaxHistory = 64 << 10

const (
	keyHead        = "recipe key 1\n"
	revocationHead = "recipe revocation 1\n"
)

// History is the public keys of a publisher and what was stated about them, oldest first. Nothing in it is true because
// it is there: see Keyring.
type History struct {
	Keys       []string `json:"keys"`                 // as in ParsePublic
	Statements []string `json:"statements,omitempty"` // signed notes
}

// ParseHistory reads what Encode wrote; it verifies nothing.
func ParseHistory(text []byte) (h History, err error) {
	if len(text) > MaxHistory {
		return h, fmt.Errorf("the keys of the publisher take more than %d bytes", MaxHistory)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return h, fmt.Errorf("cannot read the keys of the publisher: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return h, errors.New("something stands behind the keys of the publisher")
	}
	return h, nil
}

// Encode is the history as text.
func (h History) Encode() ([]byte, error) { return json.Marshal(h) }

// join is the history with what more knows besides.
func (h History) join(more History) History {
	return History{Keys: union(h.Keys, more.Keys), Statements: union(h.Statements, more.Statements)}
}

func (h History) equal(other History) bool {
	return slices.Equal(h.Keys, other.Keys) && slices.Equal(h.Statements, other.Statements)
}

func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// keys are the public keys of a namespace in the history; what is none is left out.
func (h History) keys(namespace string) []Public {
	var keys []Public
	for _, text := range h.Keys {
		if p, err := ParsePublic(text); err == nil && p.Namespace() == namespace {
			keys = append(keys, p)
		}
	}
	return keys
}

// believe returns the good keys of a namespace and the fingerprints of the revoked ones, when those with the given
// fingerprints are trusted. Statements hold as far as trusted keys signed them; more of them may come to be trusted on
// the way, so it is gone through until nothing is added.
func (h History) believe(namespace string, trusted []Fingerprint) (good []Public, revoked map[Fingerprint]bool) {
	all := h.keys(namespace)
	known := map[Fingerprint]bool{}
	for _, f := range trusted {
		known[f] = true
	}
	revoked = map[Fingerprint]bool{}
	for before := -1; before != len(known)+len(revoked); {
		before = len(known) + len(revoked)
		for _, text := range h.Statements {
			s, signers := openStatement(namespace, text, all)
			s.apply(signers, known, revoked)
		}
	}
	for _, p := range all {
		if f := p.Fingerprint(); known[f] && !revoked[f] {
			good = append(good, p)
		}
	}
	return good, revoked
}

// statement is what a publisher says about keys; the zero value says nothing.
type statement struct {
	replaces, by Fingerprint
	revokes      Fingerprint
}

// apply draws the conclusions of a statement that the signers made. A revoked key cannot vouch for another any more; it
// can still be taken back once more, which changes nothing.
func (s statement) apply(signers []Fingerprint, known, revoked map[Fingerprint]bool) {
	good := func(f Fingerprint) bool { return known[f] && !revoked[f] && slices.Contains(signers, f) }
	switch {
	case s.revokes != "" && slices.ContainsFunc(signers, good):
		revoked[s.revokes] = true
	case s.by != "" && slices.Contains(signers, s.replaces) && slices.Contains(signers, s.by) && (good(s.replaces) || good(s.by)):
		known[s.replaces], known[s.by] = true, true
	}
}

// openStatement returns what a note says and which of the keys signed it.
func openStatement(namespace, text string, keys []Public) (s statement, signers []Fingerprint) {
	opened, err := note.Open([]byte(text), verifiers(keys))
	if err != nil {
		return s, nil
	}
	for _, signature := range opened.Sigs {
		for _, p := range keys {
			if p.verifier.KeyHash() == signature.Hash {
				signers = append(signers, p.Fingerprint())
			}
		}
	}
	switch {
	case strings.HasPrefix(opened.Text, keyHead):
		return parseReplacement(namespace, strings.TrimPrefix(opened.Text, keyHead)), signers
	case strings.HasPrefix(opened.Text, revocationHead):
		return parseRevocation(namespace, strings.TrimPrefix(opened.Text, revocationHead)), signers
	}
	return s, nil
}

func parseReplacement(namespace, text string) (s statement) {
	var in, old, key string
	if _, err := fmt.Sscanf(text, "namespace %s\nreplaces %s\nkey %s\n", &in, &old, &key); err != nil || in != namespace {
		return statement{}
	}
	p, err := ParsePublic(key)
	if err != nil || p.Namespace() != namespace {
		return statement{}
	}
	return statement{replaces: Fingerprint(old), by: p.Fingerprint()}
}

func parseRevocation(namespace, text string) (s statement) {
	var in, old string
	if _, err := fmt.Sscanf(text, "namespace %s\nrevokes %s\n", &in, &old); err != nil || in != namespace {
		return statement{}
	}
	return statement{revokes: Fingerprint(old)}
}

// verifiers lists keys for the note package, which refuses two with the same short hash.
func verifiers(keys []Public) note.Verifiers {
	seen := map[uint32]bool{}
	var list []note.Verifier
	for _, p := range keys {
		if hash := p.verifier.KeyHash(); !seen[hash] {
			seen[hash] = true
			list = append(list, p.verifier)
		}
	}
	return note.VerifierList(list...)
}
