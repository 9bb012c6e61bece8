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
