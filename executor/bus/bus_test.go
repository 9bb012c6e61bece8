package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	admin    = "admin"
	password = "canary-0123456789abcdef0123456789abcdef"
)

// run starts a bus in dir, as the command would, and returns its port and a function that ends it.
func run(t *testing.T, dir string) (port int, stop func()) {
	t.Helper()
	port = freePort(t)
	env := map[string]string{
		EnvDir: dir, EnvPort: fmt.Sprint(port), EnvAdminUser: admin, EnvAdminPassword: password,
	}
	ctx, cancel := context.WithCancel(t.Context())
	var log bytes.Buffer // read after the end of Main only
	done := make(chan error, 1)
	go func() { done <- Main(ctx, nil, func(name string) string { return env[name] }, &log) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the bus ended with %v", err)
		}
		if strings.Contains(log.String(), password) {
			t.Error("the log has a password")
		}
	})
	t.Cleanup(stop)
	eventually(t, time.Minute, func() bool {
		conn, err := login(port, admin, password)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return port, stop
}

func login(port int, name, password string) (*nats.Conn, error) {
	return nats.Connect(fmt.Sprint("nats://127.0.0.1:", port), nats.UserInfo(name, password), nats.NoReconnect(),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
}

func mustLogin(t *testing.T, port int, name, password string) *nats.Conn {
	t.Helper()
	conn, err := login(port, name, password)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

func mustAdd(t *testing.T, dir, name, password string) {
	t.Helper()
	if err := AddUser(dir, name, password); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, within time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not happen within %s", within)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestUsersTalkToEachOther(t *testing.T) {
	dir := t.TempDir()
	mustAdd(t, dir, "early", password) // before the bus is up
	port, _ := run(t, dir)
	early := mustLogin(t, port, "early", password)
	inbox, err := early.SubscribeSync("order.placed")
	if err != nil {
		t.Fatal(err)
	}
	if err := early.Flush(); err != nil {
		t.Fatal(err)
	}
	mustAdd(t, dir, "late", password+"2") // no reload
	late := mustLogin(t, port, "late", password+"2")
	if err := errors.Join(late.Publish("order.placed", []byte("1")), late.Flush()); err != nil {
		t.Fatal(err)
	}
	if message, err := inbox.NextMsg(time.Minute); err != nil || string(message.Data) != "1" {
		t.Errorf("got %v, %v", message, err)
	}
}

func TestStrangersStayOut(t *testing.T) {
	dir := t.TempDir()
	mustAdd(t, dir, "app1", password)
	port, _ := run(t, dir)
	for _, who := range [][2]string{
		{"app1", "wrong"}, {"app1", ""}, {admin, "wrong"}, {admin, ""}, {"nobody", password}, {"", ""},
		{"../users/app1", password}, {"app1.new", password},
	} {
		if conn, err := login(port, who[0], who[1]); !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("%v: %v", who, err)
			conn.Close()
		}
	}
	mustAdd(t, dir, "app1", password+"2")
	if _, err := login(port, "app1", password); err == nil {
		t.Error("the old password still works")
	}
	mustLogin(t, port, "app1", password+"2")
}

func TestRemovedUserIsCutOff(t *testing.T) {
	dir := t.TempDir()
	port, _ := run(t, dir)
	mustAdd(t, dir, "app1", password)
	mustAdd(t, dir, "app2", password)
	gone, stays := mustLogin(t, port, "app1", password), mustLogin(t, port, "app2", password)
	owner := mustLogin(t, port, admin, password)
	if err := RemoveUser(dir, "app1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, gone.IsClosed)
	if err := errors.Join(stays.Flush(), owner.Flush()); err != nil {
		t.Errorf("others were cut off too: %v", err)
	}
	if _, err := login(port, "app1", password); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("a removed user logs in: %v", err)
	}
	if err := RemoveUser(dir, "app1"); err != nil {
		t.Errorf("removing again: %v", err)
	}
}

func TestStreamsSurviveTheBus(t *testing.T) {
	dir := t.TempDir()
	port, stop := run(t, dir)
	stream, err := mustLogin(t, port, admin, password).JetStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.AddStream(&nats.StreamConfig{Name: "ORDERS", Subjects: []string{"order.>"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Publish("order.placed", []byte("1")); err != nil {
		t.Fatal(err)
	}
	stop()
	port, _ = run(t, dir)
	if stream, err = mustLogin(t, port, admin, password).JetStream(); err != nil {
		t.Fatal(err)
	}
	if message, err := stream.GetMsg("ORDERS", 1); err != nil || string(message.Data) != "1" {
		t.Errorf("got %v, %v", message, err)
	}
}

func TestTakenPortIsAnError(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = Serve(t.Context(), Config{Dir: t.TempDir(), Port: l.Addr().(*net.TCPAddr).Port})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("got %v", err)
	}
}

func TestConfig(t *testing.T) {
	none := func(string) string { return "" }
	config, err := parse([]string{"-dir", "/d", "-port", "4222"}, none, io.Discard)
	if err != nil || config.Dir != "/d" || config.Port != 4222 || config.check() != nil {
		t.Errorf("got %+v, %v", config, err)
	}
	for want, args := range map[string][]string{
		`"" is not a port`:  nil,
		"needs a directory": {"-port", "1"},
		"0 is not a port":   {"-dir", "/d", "-port", "0"},
		"no argument":       {"x"},
		"not defined":       {"-password", password},
	} {
		if err := Main(t.Context(), args, none, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", args, err, want)
		}
	}
}

func TestUserFiles(t *testing.T) {
	dir := t.TempDir()
	mustAdd(t, dir, "app1", password)
	first, err := os.ReadFile(filepath.Join(dir, "users", "app1"))
	if err != nil || bytes.Contains(first, []byte(password)) {
		t.Errorf("the file has %q, %v", first, err)
	}
	mustAdd(t, dir, "app1", password)
	if again, _ := os.ReadFile(filepath.Join(dir, "users", "app1")); bytes.Equal(first, again) {
		t.Error("there is no salt")
	}
	for _, name := range []string{"", ".", "..", "a/b", "a.new", "a b", "ä", strings.Repeat("x", 129)} {
		if AddUser(dir, name, password) == nil || RemoveUser(dir, name) == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
	if AddUser(dir, "app2", "") == nil {
		t.Error("an empty password is taken")
	}
	for _, damage := range []string{"", "sha256", "sha256 # #", "md5 AAAA AAAA", "sha256 AAAA "} {
		if err := os.WriteFile(filepath.Join(dir, "users", "app1"), []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		if admits(dir, "app1", password) || admits(dir, "app1", "") {
			t.Errorf("%q admits", damage)
		}
	}
}
