package ledger

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/nsynapse/recipe/executor/disk"
)

// serverName is the name in the keys of servers; no namespace of a publisher has a slash.
const serverName = "recipe/log"

// KeptByServer reports whether a public key is that of a server, which keeps its log alone.
func KeptByServer(key string) bool { return strings.HasPrefix(key, serverName+"+") }

// Key is that of a server. It is safe for concurrent use.
type Key struct {
	signer note.Signer
	public string
}

// OpenKey returns the key in the file, which is made when it is missing and which only its owner may read: the private
// key and the public key, a line each.
func OpenKey(path string) (*Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		private, public, err := note.GenerateKey(rand.Reader, serverName)
		if err != nil {
			return nil, err
		}
		text = []byte(private + "\n" + public + "\n")
		if err := disk.WriteFile(disk.OS{}, path, text, 0o600); err != nil {
			return nil, fmt.Errorf("cannot keep the key of the log: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("cannot read the key of the log: %w", err)
	}
	private, public, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, fmt.Errorf("%s is not the key of a log: %w", path, err)
	}
	return &Key{signer, public}, nil
}

// Sign is for Append.
func (k *Key) Sign(text string) ([]byte, error) { return note.Sign(&note.Note{Text: text}, k.signer) }

// String is the public key.
func (k *Key) String() string { return k.public }
