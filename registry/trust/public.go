package trust

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Fingerprint stands for a public key where people compare it: "SHA256:" and the digest of the key as text, with its
// namespace, in base64 without padding.
type Fingerprint string

const fingerprintPrefix = "SHA256:"

// ParseFingerprint checks that s has the form of a fingerprint.
func ParseFingerprint(s string) (Fingerprint, error) {
	digest, ok := strings.CutPrefix(s, fingerprintPrefix)
	if b, err := base64.RawStdEncoding.Strict().DecodeString(digest); !ok || err != nil || len(b) != sha256.Size {
		return "", fmt.Errorf("%q is not a fingerprint, which looks like %s and 43 characters", s, fingerprintPrefix)
	}
	return Fingerprint(s), nil
}

// Public is the public key of a publisher. Its zero value is no key.
type Public struct {
	text     string
	verifier note.Verifier
}

// ParsePublic reads a key as the note package writes it: NAMESPACE+HASH+KEY.
func ParsePublic(text string) (Public, error) {
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return Public{}, fmt.Errorf("%q is not a public key: %w", text, err)
	}
	return Public{text: text, verifier: verifier}, nil
}

// Namespace is whose key it is.
func (p Public) Namespace() string { return p.verifier.Name() }

// Fingerprint stands for the key.
func (p Public) Fingerprint() Fingerprint {
	digest := sha256.Sum256([]byte(p.text))
	return Fingerprint(fingerprintPrefix + base64.RawStdEncoding.EncodeToString(digest[:]))
}

func (p Public) String() string { return p.text }

// VerifyEnvelope reports whether the key has signed the payload as SignEnvelope does.
func (p Public) VerifyEnvelope(payloadType string, payload, signature []byte) bool {
	return p.verifier.Verify(envelopeText(payloadType, payload), signature)
}

// envelopeText is what DSSE v1 signs.
func envelopeText(payloadType string, payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
}
