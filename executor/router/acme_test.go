package router

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"

	"github.com/nsynapse/recipe/executor/router/web"
)

// everythingHere is a name server to which every name is this machine. It returns its address.
func everythingHere(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0") // Pebble asks over TCP
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		for _, question := range q.Question {
			if question.Qtype == dns.TypeA {
				m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1)})
			}
		}
		_ = w.WriteMsg(m) // the one who asks asks again
	})}
	go server.ActivateAndServe()
	t.Cleanup(func() { server.Shutdown() })
	return l.Addr().String()
}

// acmeServer is Pebble, the ACME server that Let's Encrypt tests clients with; it looks for challenges at these ports. It returns
// its directory and the file with the certificate of its own HTTPS.
func acmeServer(t *testing.T, plain, secure int) (directory, trust string) {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	authority := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: 90 * 86400}})
	front := wfe.New(quiet, store, va.New(quiet, plain, secure, false, everythingHere(t), store), authority, []string{"localhost"}, false, false, 1, 1)
	s := httptest.NewTLSServer(front.Handler())
	t.Cleanup(s.Close)
	trust = filepath.Join(t.TempDir(), "pebble.pem")
	if err := os.WriteFile(trust, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	return s.URL + wfe.DirectoryPath, trust
}

// A router gets certificates for two names from a real ACME server, and another one after it has them at once.
func TestACME(t *testing.T) {
	plain, secure := freePort(t), freePort(t)
	directory, trust := acmeServer(t, plain, secure)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello ", r.Host) }))
	t.Cleanup(app.Close)
	dir, certificates := t.TempDir(), t.TempDir()
	table := Table{Certificates: certificates, Fronts: []Front{
		{Name: "http", Address: fmt.Sprint("127.0.0.1:", plain)}, {Name: "https", Address: fmt.Sprint("127.0.0.1:", secure), Secure: true}}}
	for _, host := range []string{"shop.example.com", "www.example.com"} {
		table.Routes = append(table.Routes, web.Route{Name: host, Host: host, Path: "/", TLS: web.ACME, Directory: directory,
			Email: "somebody@example.com", Upstreams: []string{app.Listener.Addr().String()}})
	}
	for range 2 {
		end := child(t, dir, "SSL_CERT_FILE="+trust)
		c := Dial(dir)
		eventually(t, func() bool { _, err := c.Stats(t.Context()); return err == nil })
		set(t, c, table)
		c.Close()
		for _, r := range table.Routes {
			var state tls.ConnectionState
			eventually(t, func() bool {
				conn, err := tls.Dial("tcp4", fmt.Sprint("127.0.0.1:", secure), &tls.Config{ServerName: r.Host, InsecureSkipVerify: true}) // its CA is made up anew for each test; who signed is looked at below
				if err != nil {
					return false
				}
				defer conn.Close()
				state = conn.ConnectionState()
				fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", r.Host)
				answer, _ := io.ReadAll(conn)
				return strings.HasSuffix(string(answer), "hello "+r.Host)
			})
			leaf := state.PeerCertificates[0]
			if err := leaf.VerifyHostname(r.Host); err != nil || !strings.HasPrefix(leaf.Issuer.CommonName, "Pebble Intermediate CA") || leaf.CheckSignatureFrom(state.PeerCertificates[1]) != nil {
				t.Errorf("got a certificate of %s for %v, %v", leaf.Issuer, leaf.DNSNames, err)
			}
		}
		end()
	}
}

// child starts a router as a process of its own and returns what ends it.
func child(t *testing.T, dir string, env ...string) (end func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childDir+"="+dir), env...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		cmd.Process.Signal(os.Interrupt)
		timer := time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() })
		defer timer.Stop()
		cmd.Wait()
	}
	t.Cleanup(end)
	return end
}
