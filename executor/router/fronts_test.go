package router

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/nsynapse/recipe/executor/router/certs"
	"github.com/nsynapse/recipe/executor/router/web"
)

// browser returns a client that finds every name at the ports of this machine and trusts the CA in dir.
func browser(t *testing.T, dir string) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	if text, err := os.ReadFile(certs.CertificatePath(dir)); err == nil {
		roots.AppendCertsFromPEM(text)
	}
	return &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots}, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, _ := net.SplitHostPort(address)
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
	}}}
}

func dial(t *testing.T, port int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp4", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestTLSOfTheLocalCA(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("X-Forwarded-Proto"), " ", r.URL.Path)
	}))
	t.Cleanup(app.Close)
	dir, c := t.TempDir(), (*Client)(nil)
	c, _ = run(t, t.TempDir())
	plain, secure := freePort(t), freePort(t)
	if _, err := certs.OpenCA(dir); err != nil {
		t.Fatal(err)
	}
	set(t, c, Table{Certificates: dir,
		Routes: []web.Route{
			{Name: "a", Host: "shop.localhost", Path: "/", TLS: web.LocalCA, Upstreams: []string{app.Listener.Addr().String()}},
			{Name: "b", Host: "plain.localhost", Path: "/", Upstreams: []string{app.Listener.Addr().String()}}},
		Fronts: []Front{{Name: "http", Address: fmt.Sprint("127.0.0.1:", plain)}, {Name: "https", Address: fmt.Sprint("127.0.0.1:", secure), Secure: true}}})

	for _, major := range []int{1, 2} {
		b := browser(t, dir)
		if major == 1 {
			b.Transport.(*http.Transport).ForceAttemptHTTP2 = false
			b.Transport.(*http.Transport).TLSClientConfig.NextProtos = []string{"http/1.1"}
		}
		for range 2 {
			response, err := b.Get(fmt.Sprintf("http://shop.localhost:%d/x", plain)) // is sent to TLS
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if string(body) != "https /x" || response.ProtoMajor != major || response.Request.URL.String() != fmt.Sprintf("https://shop.localhost:%d/x", secure) {
				t.Errorf("got %s %q from %s", response.Proto, body, response.Request.URL)
			}
		}
	}
	if _, err := browser(t, dir).Get(fmt.Sprintf("https://plain.localhost:%d/", secure)); err == nil || !strings.Contains(err.Error(), "tls: ") {
		t.Errorf("a host without TLS got a certificate: %v", err)
	}
	unknown := tls.Client(dial(t, secure), &tls.Config{ServerName: "plain.localhost", InsecureSkipVerify: true})
	if err := unknown.Handshake(); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("a host without TLS: %v", err)
	}
	conn := dial(t, secure)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
	if text, _ := io.ReadAll(conn); !strings.Contains(string(text), "https, and not http") {
		t.Errorf("without TLS: got %q", text)
	}
}

func TestTakenFrontIsNamed(t *testing.T) {
	c, _ := run(t, t.TempDir())
	taken := echo(t, "thief")
	port := taken.Addr().(*net.TCPAddr).Port
	report := set(t, c, Table{Fronts: []Front{{Name: "http", Address: fmt.Sprint("127.0.0.1:", port)}}})
	want := fmt.Sprintf("cannot listen on port %d for http: port %d is taken by this process", port, port)
	if err := report.Err("http"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	taken.Close()
	eventually(t, func() bool {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusNotFound
	})
}

func TestPortThatUsersMayNotHave(t *testing.T) {
	refused := &net.OpError{Op: "listen", Net: "tcp", Err: os.NewSyscallError("bind", syscall.EACCES)}
	if got := unbound("127.0.0.1:80", refused).Error(); !strings.Contains(got, "may not have port 80") || !strings.Contains(got, "sysctl net.ipv4.ip_unprivileged_port_start=80") {
		t.Errorf("got %s", got)
	}
	if got := unbound("127.0.0.1:80", io.EOF); got != io.EOF {
		t.Errorf("got %v", got)
	}
}
