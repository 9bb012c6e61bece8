package attest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/opencontainers/go-digest"

	"github.com/nsynapse/recipe/registry"
)

// Attested is what a publisher has signed about where a release comes from and what is in it.
type Attested struct {
	Statement json.RawMessage // the provenance, as in-toto and SLSA describe it
	Source    Source
	BOM       []byte // the list of contents; nil if the registry does not have the one that the statement names
}

// ErrNothing says that nothing is published beside a release.
var ErrNothing = errors.New("nothing is published about where it comes from")

// Verify reads what lies beside a release and returns what the key that signed the release has signed too, and what is about
// the same files.
func Verify(ctx context.Context, r *registry.Release) (*Attested, error) {
	envelopes, err := r.Attached(ctx, StatementType)
	if err != nil {
		return nil, err
	}
	problem := ErrNothing
	for _, text := range envelopes {
		a, list, err := open(r, text)
		if err != nil {
			problem = err // others may have put one there, too
			continue
		}
		lists, err := r.Attached(ctx, BOMType)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(lists, func(text []byte) bool { return digest.FromBytes(text).Encoded() == list })
		if at >= 0 {
			a.BOM = lists[at]
		}
		return a, nil
	}
	return nil, fmt.Errorf("%s %s: %w", r.Name, r.Version, problem)
}

// open verifies an envelope and returns what it says, with the digest of the list of contents.
func open(r *registry.Release, text []byte) (a *Attested, list string, err error) {
	var e envelope
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, "", fmt.Errorf("its envelope cannot be read: %w", err)
	}
	signed := slices.ContainsFunc(e.Signatures, func(s signature) bool { return r.Signer.VerifyEnvelope(e.PayloadType, e.Payload, s.Sig) })
	if e.PayloadType != StatementType || !signed {
		return nil, "", errors.New("its statement is not signed with the key that signed the release")
	}
	var st statement
	if err := json.Unmarshal(e.Payload, &st); err != nil {
		return nil, "", fmt.Errorf("its statement cannot be read: %w", err)
	}
	if err := st.about(r); err != nil {
		return nil, "", err
	}
	a = &Attested{Statement: e.Payload}
	a.Source.Changed, _ = st.Predicate.BuildDefinition.ExternalParameters["changed"].(bool)
	for _, d := range st.Predicate.BuildDefinition.ResolvedDependencies {
		a.Source.Repository, a.Source.Commit = d.URI, d.Digest["gitCommit"]
	}
	for _, b := range st.Predicate.RunDetails.Byproducts {
		if b.Name == "sbom" {
			list = b.Digest["sha256"]
		}
	}
	return a, list, nil
}

// about demands that a statement is about all files of a release and no others.
func (s *statement) about(r *registry.Release) error {
	var said, is []string
	for _, subject := range s.Subject {
		said = append(said, subject.Digest["sha256"])
	}
	for _, a := range r.Archives {
		is = append(is, a.Digest.Encoded())
	}
	slices.Sort(said)
	slices.Sort(is)
	if !slices.Equal(said, is) {
		return errors.New("its statement is about other files")
	}
	return nil
}
