package deb

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/builtin/unpack"
)

// controlLimit bounds the control file of a package, in bytes.
const controlLimit = 1 << 20

// claims demands that the file of a package, which is at path, is of that package: its digest alone does not say so when it was
// a lock file that named it.
func (p *pkg) claims(path string) error {
	file, err := fetch.OpenVerified(path, p.SHA256)
	if err != nil {
		return err
	}
	defer file.Close()
	control, err := readControl(file)
	if err != nil {
		return fmt.Errorf("cannot tell which package sha256:%s is: %w", p.SHA256, err)
	}
	if is := control["package"] + "=" + control["version"]; is != p.pin() {
		return fmt.Errorf("locked is %s with the digest sha256:%s, which is that of %s: somebody changed the lock file", p.pin(), p.SHA256, is)
	}
	return nil
}

// readControl reads what a .deb file says of itself.
func readControl(file io.Reader) (paragraph, error) {
	member, err := openMember(file, "control.tar")
	if err != nil {
		return nil, err
	}
	plain, err := unpack.Decompress(member)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	for entries := tar.NewReader(io.LimitReader(plain, 64*controlLimit)); ; {
		head, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it has no control file")
		}
		if err != nil {
			return nil, err
		}
		if path.Clean(head.Name) == "control" {
			text, err := io.ReadAll(io.LimitReader(entries, controlLimit))
			return parseParagraph(string(text)), err
		}
	}
}
