package deb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// keyring returns the keys that may sign the source.
func (s *source) keyring(aptDir string) (openpgp.EntityList, error) {
	if s.key != "" {
		return parseKeys([]byte(s.key))
	}
	var keys openpgp.EntityList
	var fingerprints []string
	for _, by := range s.signedBy {
		if !filepath.IsAbs(by) {
			fingerprints = append(fingerprints, strings.ToUpper(strings.TrimRight(by, "!")))
			continue
		}
		more, err := readKeys(by)
		if err != nil {
			return nil, err
		}
		keys = append(keys, more...)
	}
	if keys == nil {
		keys = trustedKeys(aptDir)
	}
	if fingerprints != nil {
		keys = only(keys, fingerprints)
	}
	if len(keys) == 0 {
		return nil, errors.New("no key of this machine is meant for it (Signed-By)")
	}
	return keys, nil
}

// trustedKeys are the keys for sources that name none. A file that holds no readable key is left out: without its
// keys a signature does not hold, so nothing is trusted by mistake.
func trustedKeys(aptDir string) openpgp.EntityList {
	names, _ := filepath.Glob(filepath.Join(aptDir, "trusted.gpg.d", "*"))
	var keys openpgp.EntityList
	for _, name := range append(names, filepath.Join(aptDir, "trusted.gpg")) {
		if more, err := readKeys(name); err == nil {
			keys = append(keys, more...)
		}
	}
	return keys
}

func readKeys(path string) (openpgp.EntityList, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read keyring: %w", err)
	}
	keys, err := parseKeys(content)
	if err != nil {
		return nil, fmt.Errorf("cannot read keyring %s: %w", path, err)
	}
	return keys, nil
}

// parseKeys reads a binary keyring, or any number of armored ones.
func parseKeys(content []byte) (openpgp.EntityList, error) {
	const begin = "-----BEGIN PGP"
	if !bytes.Contains(content, []byte(begin)) {
		return openpgp.ReadKeyRing(bytes.NewReader(content))
	}
	var all openpgp.EntityList
	for _, block := range bytes.SplitAfter(content, []byte("-----END PGP PUBLIC KEY BLOCK-----")) {
		if !bytes.Contains(block, []byte(begin)) {
			continue
		}
		keys, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(block))
		if err != nil {
			return nil, err
		}
		all = append(all, keys...)
	}
	return all, nil
}

// only keeps the keys whose fingerprint, or that of one of their subkeys, is listed.
func only(keys openpgp.EntityList, fingerprints []string) openpgp.EntityList {
	var kept openpgp.EntityList
	for _, key := range keys {
		all := fmt.Sprintf("%X", key.PrimaryKey.Fingerprint)
		for _, sub := range key.Subkeys {
			all += fmt.Sprintf(" %X", sub.PublicKey.Fingerprint)
		}
		for _, f := range fingerprints {
			if len(f) >= 40 && strings.Contains(all, f) {
				kept = append(kept, key)
				break
			}
		}
	}
	return kept
}

// verifyInline returns the text of a clear-signed file when one of the keys has signed it.
func verifyInline(content []byte, keys openpgp.EntityList, now time.Time) (string, error) {
	block, _ := clearsign.Decode(content)
	if block == nil {
		return "", errors.New("it is not signed")
	}
	if _, err := block.VerifySignature(keys, configAt(now)); err != nil {
		return "", fmt.Errorf("the signature does not hold: %w", err)
	}
	return string(block.Plaintext), nil // only this was signed, and not what may stand around it
}

// verifyDetached checks a signature that lies in a file of its own.
func verifyDetached(content, signature []byte, keys openpgp.EntityList, now time.Time) error {
	var in io.Reader = bytes.NewReader(signature)
	if block, err := armor.Decode(bytes.NewReader(signature)); err == nil {
		in = block.Body
	}
	if _, err := openpgp.CheckDetachedSignature(keys, bytes.NewReader(content), in, configAt(now)); err != nil {
		return fmt.Errorf("the signature does not hold: %w", err)
	}
	return nil
}

func configAt(now time.Time) *packet.Config {
	return &packet.Config{Time: func() time.Time { return now }}
}
