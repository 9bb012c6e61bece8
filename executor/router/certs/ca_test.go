package certs

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLeavesAreTrusted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certificates")
	s := Open(dir)
	leaf, err := s.Local("shop.localhost")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := s.Local("shop.localhost"); again != leaf {
		t.Error("a certificate was made twice")
	}
	text, err := os.ReadFile(CertificatePath(dir))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) || strings.Contains(string(text), "PRIVATE") {
		t.Fatalf("got %s", text)
	}
	options := x509.VerifyOptions{Roots: roots, DNSName: "shop.localhost"}
	if _, err := leaf.Leaf.Verify(options); err != nil {
		t.Error(err)
	}
	options.DNSName = "other.localhost"
	if _, err := leaf.Leaf.Verify(options); err == nil {
		t.Error("it is good for another host")
	}
	info, err := os.Stat(filepath.Join(dir, caName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if other, err := Open(dir).Local("shop.localhost"); err != nil {
		t.Error(err)
	} else if _, err := other.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "shop.localhost"}); err != nil {
		t.Errorf("the next life has another CA: %v", err)
	}
}

// Even with its key nobody can speak for other names.
func TestTheCASpeaksForLocalhostOnly(t *testing.T) {
	ca, err := OpenCA(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ca.Issue("example.com", time.Now()); err == nil {
		t.Error("it made a certificate for example.com")
	}
	if len(ca.cert.PermittedDNSDomains) != 1 || ca.cert.PermittedDNSDomains[0] != "localhost" || !ca.cert.PermittedDNSDomainsCritical || !ca.cert.MaxPathLenZero {
		t.Errorf("it may speak for %v", ca.cert.PermittedDNSDomains)
	}
}

func TestOneCAHoweverManyMakeIt(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	made := make([]*CA, 8)
	for i := range made {
		all.Go(func() {
			var err error
			if made[i], err = OpenCA(dir); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, ca := range made {
		if ca != nil && !ca.cert.Equal(made[0].cert) {
			t.Error("there are two")
		}
	}
}

func TestDamagedCAIsRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenCA(dir); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	OpenCA(other)
	mine, _ := os.ReadFile(filepath.Join(dir, caName))
	theirs, _ := os.ReadFile(filepath.Join(other, caName))
	cert, _, _ := strings.Cut(string(mine), "-----BEGIN PRIVATE")
	_, key, _ := strings.Cut(string(theirs), "-----BEGIN PRIVATE")
	for _, content := range []string{"", cert, cert + "-----BEGIN PRIVATE" + key, string(mine[:len(mine)/2])} {
		if err := os.WriteFile(filepath.Join(dir, caName), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCA(dir); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("got %v", err)
		}
	}
}

// at is a store whose clock is in the hands of a test.
func at(t *testing.T, dir string) (s *Store, now *time.Time) {
	s = Open(dir)
	now = new(time.Time)
	*now = time.Now()
	s.now = func() time.Time { return *now }
	return s, now
}

func TestRemovedOrReplacedCAIsNotUsedAnyMore(t *testing.T) {
	dir := t.TempDir()
	s, now := at(t, dir)
	trusted := func() error {
		leaf, err := s.Local("shop.localhost")
		if err != nil {
			return err
		}
		text, err := os.ReadFile(CertificatePath(dir))
		if err != nil {
			return err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(text)
		_, err = leaf.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "shop.localhost", CurrentTime: *now})
		return err
	}
	if err := trusted(); err != nil {
		t.Fatal(err)
	}
	first := s.ca
	path := filepath.Join(dir, caName)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(2 * lookEvery)
	if err := trusted(); err != nil || s.ca == first {
		t.Errorf("removed: %v", err)
	}
	second := s.ca

	other := t.TempDir()
	if _, err := OpenCA(other); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(other, caName))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		content string
		kept    bool
	}{{string(content[:len(content)/2]), true}, {string(content), false}} {
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(2 * lookEvery)
		if err := trusted(); err != nil || (s.ca == second) != c.kept {
			t.Errorf("replaced by %d bytes: %v", len(c.content), err)
		}
	}
}

func TestLeavesLastAsLongAsTheCA(t *testing.T) {
	s, now := at(t, t.TempDir())
	first, err := s.Local("shop.localhost")
	if err != nil {
		t.Fatal(err)
	}
	*now = first.Leaf.NotAfter.Add(-renewAt)
	second, err := s.Local("shop.localhost")
	if err != nil || second == first {
		t.Errorf("not renewed: %v", err)
	}
	*now = s.ca.cert.NotAfter.Add(-renewAt / 2)
	last, err := s.Local("shop.localhost")
	if err != nil || !last.Leaf.NotAfter.Equal(s.ca.cert.NotAfter) {
		t.Errorf("it ends at %v, the CA at %v (%v)", last.Leaf.NotAfter, s.ca.cert.NotAfter, err)
	}
	if again, _ := s.Local("shop.localhost"); again != last {
		t.Error("it was made anew, and is not good for longer")
	}
}

func TestClockThatIsSetBack(t *testing.T) {
	s, now := at(t, t.TempDir())
	before, err := s.Local("shop.localhost")
	if err != nil {
		t.Fatal(err)
	}
	*now = before.Leaf.NotBefore.Add(-time.Minute)
	after, err := s.Local("shop.localhost")
	if err != nil || now.Before(after.Leaf.NotBefore) {
		t.Errorf("it is %v, and the certificate is good from %v on (%v)", *now, after.Leaf.NotBefore, err)
	}
}
