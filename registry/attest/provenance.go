package attest

import (
	"encoding/json"
	"fmt"

	"github.com/opencontainers/go-digest"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/trust"
)

// Media types of the statement, and of the envelope around it. The artifact type is that of the statement.
const (
	StatementType = "application/vnd.in-toto+json"
	EnvelopeType  = "application/vnd.dsse.envelope.v1+json"
)

// buildType says how a package is made: by recipe publish, from a directory of the publisher's.
const buildType = "https://github.com/nsynapse/recipe/publish@v1"

// Source is where the files of a package were when it was published. Its zero value says nothing.
type Source struct {
	Repository string // "git+https://…", without a password
	Commit     string // hexadecimal
	Changed    bool   // there were files that are not in the commit
}

// The statement, as in-toto v1 and SLSA provenance v1 describe it.
type (
	statement struct {
		Type          string     `json:"_type"`
		Subject       []resource `json:"subject"`
		PredicateType string     `json:"predicateType"`
		Predicate     predicate  `json:"predicate"`
	}
	resource struct {
		Name   string            `json:"name,omitempty"`
		URI    string            `json:"uri,omitempty"`
		Digest map[string]string `json:"digest,omitempty"`
	}
	predicate struct {
		BuildDefinition buildDefinition `json:"buildDefinition"`
		RunDetails      runDetails      `json:"runDetails"`
	}
	buildDefinition struct {
		BuildType            string         `json:"buildType"`
		ExternalParameters   map[string]any `json:"externalParameters"`
		ResolvedDependencies []resource     `json:"resolvedDependencies,omitempty"`
	}
	runDetails struct {
		Builder    map[string]string `json:"builder"`
		Byproducts []resource        `json:"byproducts,omitempty"`
	}
)

// envelope is DSSE v1.
type envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     []byte      `json:"payload"`
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	KeyID trust.Fingerprint `json:"keyid"`
	Sig   []byte            `json:"sig"`
}

// provenance is the signed statement.
func provenance(m *registry.Manifest, s Source, list []byte, by *trust.Signer) ([]byte, error) {
	payload, err := json.Marshal(stateOf(m, s, list))
	if err != nil {
		return nil, err
	}
	sig, err := by.SignEnvelope(StatementType, payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope{PayloadType: StatementType, Payload: payload, Signatures: []signature{{by.Fingerprint(), sig}}})
}

func stateOf(m *registry.Manifest, s Source, list []byte) statement {
	st := statement{Type: "https://in-toto.io/Statement/v1", PredicateType: "https://slsa.dev/provenance/v1"}
	for _, a := range m.Archives {
		st.Subject = append(st.Subject, resource{Name: fmt.Sprintf("%s@%s (%s)", m.Name, m.Version, a.Platform), Digest: sha256Of(a.Digest)})
	}
	st.Predicate.BuildDefinition = buildDefinition{BuildType: buildType, ExternalParameters: map[string]any{"package": m.Name, "version": m.Version, "changed": s.Changed}}
	if s.Commit != "" {
		st.Predicate.BuildDefinition.ResolvedDependencies = []resource{{URI: s.Repository, Digest: map[string]string{"gitCommit": s.Commit}}}
	}
	st.Predicate.RunDetails = runDetails{Builder: map[string]string{"id": buildType},
		Byproducts: []resource{{Name: "sbom", Digest: sha256Of(digest.FromBytes(list))}}}
	return st
}

func sha256Of(d digest.Digest) map[string]string { return map[string]string{"sha256": d.Encoded()} }

// For makes what is published beside a package whose files for each platform are in dirs.
func For(m *registry.Manifest, dirs map[string]string, s Source, by *trust.Signer) ([]registry.Attachment, error) {
	list, err := bom(m, dirs)
	if err != nil {
		return nil, fmt.Errorf("cannot list what is in %s: %w", m.Name, err)
	}
	signed, err := provenance(m, s, list, by)
	if err != nil {
		return nil, err
	}
	return []registry.Attachment{{ArtifactType: BOMType, MediaType: BOMType, Content: list},
		{ArtifactType: StatementType, MediaType: EnvelopeType, Content: signed}}, nil
}
