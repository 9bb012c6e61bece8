package host

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Digest names the content of the program at path: the SHA-256 of the file, in hexadecimal.
func Digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func (h *Host) schemaFile(digest string) string { return filepath.Join(h.Dir, "schema", digest) }

// kept returns the types that were kept under the digest. What cannot be read is as good as nothing: the plugin is asked again.
func (h *Host) kept(digest string) (sdk.Schema, bool) {
	text, err := os.ReadFile(h.schemaFile(digest))
	if err != nil {
		return sdk.Schema{}, false
	}
	var m protocol.SchemaResponse
	if err := proto.Unmarshal(text, &m); err != nil {
		return sdk.Schema{}, false
	}
	s, err := wire.ToSchema(&m)
	return s, err == nil
}
