package deb_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// repository is a package source made by the test: signed, on disk, read through a file address.
type repository struct {
	t      *testing.T
	dir    string // what its address stands for
	key    *openpgp.Entity
	list   bytes.Buffer // Packages
	fields string       // more of the Release file
}

func newRepository(t *testing.T) *repository {
	return &repository{t: t, dir: t.TempDir(), key: newKey(t)}
}

func newKey(t *testing.T) *openpgp.Entity {
	t.Helper()
	key, err := openpgp.NewEntity("test", "", "test@example.com", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA})
	must(t, err)
	return key
}

// add puts a package into the source: control is what its paragraph holds beside name and version.
func (r *repository) add(name, version, control string, compress func(io.Writer) io.WriteCloser, heads ...tar.Header) string {
	r.t.Helper()
	file := makeDeb(r.t, name, version, compress, heads...)
	path := "pool/" + name + "_" + version + ".deb"
	r.write(path, file)
	fmt.Fprintf(&r.list, "Package: %s\nVersion: %s\nArchitecture: all\nDescription: x\n more: of it\nFilename: %s\nSize: %d\nSHA256: %x\n%s\n",
		name, version, path, len(file), sha256.Sum256(file), control)
	return filepath.Join(r.dir, path)
}

// publish signs what was added.
func (r *repository) publish() {
	r.t.Helper()
	var packages bytes.Buffer
	w := toXZ(&packages)
	_, err := w.Write(r.list.Bytes())
	must(r.t, err)
	must(r.t, w.Close())
	r.write("dists/test/main/binary-all/Packages.xz", packages.Bytes())
	r.write("dists/test/main/binary-amd64/Packages.xz", packages.Bytes())
	release := fmt.Sprintf("Suite: test\nDate: %s\n%sSHA256:\n %x %d main/binary-amd64/Packages.xz\n",
		time.Now().UTC().Format(time.RFC1123), r.fields, sha256.Sum256(packages.Bytes()), packages.Len())
	var signed bytes.Buffer
	plain, err := clearsign.Encode(&signed, r.key.PrivateKey, nil)
	must(r.t, err)
	_, err = io.WriteString(plain, release)
	must(r.t, err)
	must(r.t, plain.Close())
	r.write("dists/test/InRelease", signed.Bytes())
}

func (r *repository) write(name string, content []byte) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	must(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(r.t, os.WriteFile(path, content, 0o644))
}

// aptDir is a configuration that names the source, and more sources in the one-line form.
func (r *repository) aptDir(signedBy *openpgp.Entity, more string) string {
	r.t.Helper()
	dir := r.t.TempDir()
	var key bytes.Buffer
	must(r.t, signedBy.Serialize(&key))
	must(r.t, os.MkdirAll(filepath.Join(dir, "sources.list.d"), 0o755))
	must(r.t, os.WriteFile(filepath.Join(dir, "key.gpg"), key.Bytes(), 0o644))
	text := fmt.Sprintf("# a comment\nTypes: deb deb-src\nURIs: file://%s\nSuites: test\nComponents: main\nSigned-By: %s\n", r.dir, filepath.Join(dir, "key.gpg"))
	must(r.t, os.WriteFile(filepath.Join(dir, "sources.list.d", "test.sources"), []byte(text), 0o644))
	must(r.t, os.WriteFile(filepath.Join(dir, "sources.list"), []byte(more), 0o644))
	return dir
}

func makeDeb(t *testing.T, name, version string, compress func(io.Writer) io.WriteCloser, heads ...tar.Header) []byte {
	t.Helper()
	var data bytes.Buffer
	plain := compress(&data)
	w := tar.NewWriter(plain)
	for _, h := range heads {
		must(t, w.WriteHeader(&h))
		_, err := w.Write(bytes.Repeat([]byte("x"), int(h.Size)))
		must(t, err)
	}
	must(t, w.Close())
	must(t, plain.Close())
	var out bytes.Buffer
	out.WriteString("!<arch>\n")
	member := func(name string, content []byte) {
		fmt.Fprintf(&out, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, 0, 0, 0, "100644", len(content))
		out.Write(content)
		if len(content)%2 == 1 {
			out.WriteByte('\n')
		}
	}
	member("debian-binary", []byte("2.0\n"))
	member("control.tar.xz", makeControl(t, name, version))
	member("data.tar.any", data.Bytes())
	return out.Bytes()
}

// makeControl is what a package says of itself.
func makeControl(t *testing.T, name, version string) []byte {
	t.Helper()
	var packed bytes.Buffer
	plain := toXZ(&packed)
	w := tar.NewWriter(plain)
	text := fmt.Sprintf("Package: %s\nVersion: %s\n", name, version)
	must(t, w.WriteHeader(&tar.Header{Name: "./control", Typeflag: tar.TypeReg, Size: int64(len(text)), Mode: 0o644}))
	_, err := io.WriteString(w, text)
	must(t, err)
	must(t, w.Close())
	must(t, plain.Close())
	return packed.Bytes()
}

func toXZ(w io.Writer) io.WriteCloser {
	z, err := xz.NewWriter(w)
	if err != nil {
		panic(err)
	}
	return z
}

func toZstd(w io.Writer) io.WriteCloser {
	z, err := zstd.NewWriter(w)
	if err != nil {
		panic(err)
	}
	return z
}

func toGzip(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }

func file(name string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Size: 5, Mode: 0o755}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
