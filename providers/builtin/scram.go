package builtin

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
)

// scramRounds is PostgreSQL's own number of iterations.
const scramRounds = 4096

// scramVerifier returns what PostgreSQL stores instead of a password, by RFC 5803:
//
//	SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>
//
// It has letters, digits and "$:+/=-" only. The password is printable ASCII, which SASLprep leaves as it is.
func scramVerifier(random io.Reader, password string) (string, error) {
	if password == "" {
		return "", wrong("password", "is empty")
	}
	for i := range len(password) {
		if password[i] < ' ' || password[i] > '~' {
			return "", wrong("password", "must be printable ASCII")
		}
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", fmt.Errorf("cannot read randomness: %w", err)
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramRounds, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("cannot derive the verifier: %w", err)
	}
	stored := sha256.Sum256(authenticated(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s",
		scramRounds, encode(salt), encode(stored[:]), encode(authenticated(salted, "Server Key"))), nil
}

func authenticated(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text)) // a hash returns no error
	return mac.Sum(nil)
}
