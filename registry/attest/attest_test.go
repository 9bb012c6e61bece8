package attest_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/opencontainers/go-digest"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/attest"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/trust"
)

// published publishes a package into a directory and returns it as a reader gets it.
func published(t *testing.T) (*registry.Release, *trust.Signer) {
	t.Helper()
	dir, home := t.TempDir(), t.TempDir()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.WriteFile(filepath.Join(dir, "recipe.hcl"), []byte(`
package {
  name    = "acme/shop"
  version = "1.0.0"
}
depends "acme/theme" { version = "^1.4" }
process "web" { command = ["true"] }
`), 0o644))
	check(os.WriteFile(filepath.Join(dir, "page.html"), []byte("page"), 0o644))
	m, diags := registry.Describe(os.DirFS(dir))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	dirs := map[string]string{registry.AnyPlatform: dir}
	files, err := registry.PackAll(t.Context(), m, dirs, t.TempDir())
	check(err)
	signer, err := trust.Keys(t.TempDir()).New("acme")
	check(err)
	reader := registry.ReaderOf(home)
	check(reader.Ring.Add(t.Context(), "acme", signer.Fingerprint()))
	place, err := oci.Dial("file://"+t.TempDir(), oci.Options{})
	check(err)
	client := registry.New(place, reader)
	beside, err := attest.For(m, dirs, attest.Source{Repository: "git+https://example.com/shop", Commit: "abc"}, signer)
	check(err)
	_, err = client.Publish(t.Context(), m, files, signer, beside)
	check(err)
	r, err := client.Release(t.Context(), "acme/shop", "1.0.0")
	check(err)
	return r, signer
}

func TestListOfContents(t *testing.T) {
	r, _ := published(t)
	text := only(t, r, attest.BOMType)
	var list cyclonedx.BOM
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	var has []string
	for _, c := range *list.Components {
		has = append(has, c.Name)
	}
	if got := fmt.Sprint(list.Metadata.Component.PackageURL, has); got != "pkg:generic/acme/shop@1.0.0[acme/theme page.html recipe.hcl]" {
		t.Errorf("it lists %s", got)
	}
	const page = "3660315a9af3df255d8f19ab077e4797822b41488a0e2a04bc6af71213c23274" // SHA-256
	if hashes := (*list.Components)[1].Hashes; hashes == nil || (*hashes)[0].Value != page {
		t.Errorf("page.html has the digests %v", hashes)
	}
}

// TestProvenance verifies the envelope as any tool would, with the publisher's key.
func TestProvenance(t *testing.T) {
	r, signer := published(t)
	text := only(t, r, attest.StatementType)
	var e struct {
		PayloadType string
		Payload     []byte
		Signatures  []struct {
			KeyID string
			Sig   []byte
		}
	}
	if err := json.Unmarshal(text, &e); err != nil || len(e.Signatures) != 1 || e.Signatures[0].KeyID != string(signer.Fingerprint()) {
		t.Fatalf("%s, %v", text, err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.SplitN(signer.String(), "+", 3)[2])
	if err != nil {
		t.Fatal(err)
	}
	signed := fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(e.PayloadType), e.PayloadType, len(e.Payload), e.Payload)
	if !ed25519.Verify(key[1:], signed, e.Signatures[0].Sig) {
		t.Error("the signature is not that of the publisher")
	}
	for _, part := range []string{r.Archives[0].Digest.Encoded(), `"gitCommit":"abc"`, "https://slsa.dev/provenance/v1", "sbom"} {
		if !strings.Contains(string(e.Payload), part) {
			t.Errorf("%s is not in %s", part, e.Payload)
		}
	}
}

// only is the one thing of a type beside a release.
func only(t *testing.T, r *registry.Release, artifactType string) []byte {
	t.Helper()
	all, err := r.Attached(t.Context(), artifactType)
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	return all[0]
}

// TestVerify takes what the publisher has signed about a release, and not what is about another one.
func TestVerify(t *testing.T) {
	r, signer := published(t)
	a, err := attest.Verify(t.Context(), r)
	if err != nil || a.Source.Commit != "abc" || !json.Valid(a.Statement) || string(a.BOM) != string(only(t, r, attest.BOMType)) {
		t.Errorf("%+v, %v", a, err)
	}
	other := *r.Manifest
	other.Archives = append([]registry.Archive{}, r.Archives...)
	other.Archives[0].Digest = digest.FromString("other files")
	changed := *r
	changed.Manifest = &other
	if _, err := attest.Verify(t.Context(), &changed); err == nil || !strings.Contains(err.Error(), "about other files") {
		t.Errorf("about other files: %v", err)
	}
	stranger, err := trust.Keys(t.TempDir()).New("acme")
	if err != nil {
		t.Fatal(err)
	}
	changed = *r
	changed.Signer = stranger.Public
	if _, err := attest.Verify(t.Context(), &changed); err == nil || !strings.Contains(err.Error(), "not signed with the key") {
		t.Errorf("signed by %s: %v", signer.Fingerprint(), err)
	}
}
