// Package token lets only those ask a server who can read a file beside its socket. The kernel lets a process in a sandbox
// connect to a socket that its user may use, wherever it lies, but not read a file that the sandbox leaves out.
//
// The file holds 52 letters and digits of chance and a line end. A request shows them in its header:
//
//	Authorization: Bearer <token>
package token

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/nsynapse/recipe/executor/disk"
)

// The tokens: so many of these letters, as rand.Text chooses them.
const (
	length  = 52
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

// A Token is what a request has to show. The zero value is shown by nobody.
type Token struct{ text string }

// Load returns the token in the file at path, and makes one, with mode 0600, where there is none or a damaged one. The
// caller is the only one that makes it.
func Load(fsys disk.FS, path string) (Token, error) {
	content, err := disk.ReadFile(fsys, path)
	if text, ok := parse(content); err == nil && ok {
		return Token{text}, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Token{}, fmt.Errorf("cannot read the token %s: %w", path, err)
	}
	t := Token{rand.Text() + rand.Text()}
	if err := disk.ReplaceFile(fsys, path, []byte(t.text+"\n"), 0o600); err != nil {
		return Token{}, fmt.Errorf("cannot make the token %s: %w", path, err)
	}
	return t, nil
}

// Shown reports whether a request shows the token.
func (t Token) Shown(r *http.Request) bool {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && t.text != "" && subtle.ConstantTimeCompare([]byte(text), []byte(t.text)) == 1
}

// Show has a request show the token in the file at path. Without a readable one it shows none, and the server says what
// follows from that.
func Show(r *http.Request, path string) {
	if value := Header(path); value != "" {
		r.Header.Set("Authorization", value)
	}
}

// Header is the value of the header for the token in the file at path, "" without a readable one.
func Header(path string) string {
	content, err := os.ReadFile(path)
	if text, ok := parse(content); err == nil && ok {
		return "Bearer " + text
	}
	return ""
}

// parse returns what a file holds if that may be a token.
func parse(content []byte) (text string, ok bool) {
	text, whole := strings.CutSuffix(string(content), "\n")
	return text, whole && len(text) == length && strings.Trim(text, letters) == ""
}
