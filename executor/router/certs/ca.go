package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	caName   = "ca.pem"
	certName = "ca.crt"
	acmeName = "acme"

	caYears  = 10
	leafDays = 90
	renewAt  = 30 * 24 * time.Hour // before a leaf ends
)

// Local reports whether the local CA may speak for host.
func Local(host string) bool { return host == "localhost" || strings.HasSuffix(host, ".localhost") }

// CA signs certificates for names of this machine. It is safe for concurrent use.
type CA struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// CertificatePath is where the certificate of the CA in dir is, once it was made.
func CertificatePath(dir string) string { return filepath.Join(dir, certName) }

// Path is where the CA in dir is, once it was made, with its key.
func Path(dir string) string { return filepath.Join(dir, caName) }

// OpenCA reads the CA in dir, and makes it when there is none. Of several processes that make it at once one succeeds, and
// the others take what it made.
func OpenCA(dir string) (*CA, error) {
	path := Path(dir)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		content, err = makeCA(dir, path)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open the local CA: %w", err)
	}
	ca, err := parseCA(content)
	if err != nil {
		return nil, fmt.Errorf("the local CA %s is damaged: %w; remove it, and a new one is made, which has to be trusted anew", path, err)
	}
	return ca, ca.publish(dir)
}

// publish writes the certificate for others to read, if it is not there.
func (ca *CA) publish(dir string) error {
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
	if there, err := os.ReadFile(CertificatePath(dir)); err == nil && bytes.Equal(there, text) {
		return nil
	}
	if err := os.WriteFile(CertificatePath(dir), text, 0o644); err != nil {
		return fmt.Errorf("cannot write the certificate of the local CA: %w", err)
	}
	return nil
}

func parseCA(content []byte) (*CA, error) {
	ca := &CA{}
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE":
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, err
			}
			ca.cert = cert
		case "PRIVATE KEY":
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, err
			}
			ca.key, _ = key.(crypto.Signer)
		}
	}
	if ca.cert == nil || ca.key == nil {
		return nil, errors.New("it lacks its certificate or its key")
	}
	if public, ok := ca.key.Public().(*ecdsa.PublicKey); !ok || !public.Equal(ca.cert.PublicKey) {
		return nil, errors.New("its key is not that of its certificate")
	}
	return ca, nil
}

// makeCA writes a new CA and returns what is in the file then.
func makeCA(dir, path string) ([]byte, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname() // only a name for people
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{Organization: []string{"recipe"}, CommonName: "recipe local CA of " + host},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(caYears, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	content := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	return writeOnce(path, content)
}

// writeOnce makes the file path with all of content, unless it is there. It returns what is in it.
func writeOnce(path string, content []byte) ([]byte, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // for our own user only
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // the system has no randomness
	}
	return n
}

// Ends is when the certificate of the CA is not good any more, and with it all that it has signed.
func (ca *CA) Ends() time.Time { return ca.cert.NotAfter }

// lasts reports whether a certificate that the CA has issued is good, and would not be good for longer if it was issued now.
func (ca *CA) lasts(leaf *x509.Certificate, now time.Time) bool {
	return !now.Before(leaf.NotBefore) && (leaf.NotAfter.Sub(now) > renewAt || leaf.NotAfter.Equal(ca.cert.NotAfter))
}

// Issue makes a certificate for host, which Local has to allow.
func (ca *CA) Issue(host string, now time.Time) (*tls.Certificate, error) {
	if !Local(host) {
		return nil, fmt.Errorf("the local CA does not speak for %q", host)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	end := now.AddDate(0, 0, leafDays)
	if end.After(ca.cert.NotAfter) {
		end = ca.cert.NotAfter
	}
	template := &x509.Certificate{
		SerialNumber: serial(), DNSNames: []string{host}, NotBefore: now.Add(-time.Hour), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key.Public(), ca.key)
	if err != nil {
		return nil, fmt.Errorf("cannot make a certificate for %s: %w", host, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, ca.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}
