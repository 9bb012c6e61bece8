//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/bcrypt"
)

// buildRegistry builds the program that serves a registry, once for all scripts, since linking it takes its time.
var buildRegistry = sync.OnceValues(func() (dir string, err error) {
	dir = filepath.Join(filepath.Dir(os.Getenv("APP")), "registry") // goes with the app
	out, err := exec.Command("go", "build", "-o", filepath.Join(dir, registryProgram), "../recipe-registry").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("cannot build %s: %w\n%s", registryProgram, err, out)
	}
	return dir, err
})

// team USER... puts recipe-registry into PATH and what a registry for a team needs into the script's directory:
// cert.pem, which the script trusts, key.pem, and users, where the password of ann is "ann-password" and so on. ADDRESS
// is set to where it may listen.
func teamCommand(ts *testscript.TestScript, neg bool, names []string) {
	if neg || len(names) == 0 {
		ts.Fatalf("usage: team USER...")
	}
	dir, err := buildRegistry()
	ts.Check(err)
	ts.Setenv("PATH", dir+string(os.PathListSeparator)+ts.Getenv("PATH"))
	var users strings.Builder
	for _, name := range names {
		hash, err := bcrypt.GenerateFromPassword([]byte(name+"-password"), bcrypt.MinCost)
		ts.Check(err)
		fmt.Fprintf(&users, "%s:%s\n", name, hash)
	}
	ts.Check(os.WriteFile(ts.MkAbs("users"), []byte(users.String()), 0o600))
	certificate, key, err := selfSigned()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("cert.pem"), certificate, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("key.pem"), key, 0o600))
	ts.Setenv("SSL_CERT_FILE", ts.MkAbs("cert.pem"))
	port, _, _ := strings.Cut(ts.Getenv("RECIPE_PORTS"), "-") // no agent of this script uses them
	ts.Setenv("ADDRESS", "127.0.0.1:"+port)
}

// selfSigned is a certificate for 127.0.0.1 and its key, in PEM.
func selfSigned() (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	certificate, err = x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	key, err = x509.MarshalPKCS8PrivateKey(private)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), err
}
