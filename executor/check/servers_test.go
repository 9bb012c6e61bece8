//go:build unix

package check

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/nats-io/nats-server/v2/server"
)

// nobody is the user that servers run as which refuse to be root.
const nobody = 65534

// binary finds a program of a real server, or skips the test.
func binary(t *testing.T, name string) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	for _, dir := range []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"} {
		if path := filepath.Join(dir, name); exists(path) {
			found = append(found, path)
		}
	}
	if found == nil {
		t.Skipf("%s is not installed", name)
	}
	return found[0]
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// serverDir returns a directory that belongs to the user that command runs as.
func serverDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "check") // t.TempDir lies below a directory that nobody may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if os.Getuid() == 0 {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// command prepares a program of a server; root becomes nobody.
func command(dir, path string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	output := &bytes.Buffer{}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, output, output
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return cmd, output
}

// start runs a server until the end of the test.
func start(t *testing.T, dir, path string, args ...string) {
	t.Helper()
	startServer(t, dir, path, args...)
}

// startServer is start; stop ends the server before the end of the test.
func startServer(t *testing.T, dir, path string, args ...string) (stop func()) {
	t.Helper()
	cmd, output := command(dir, path, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		cmd.Process.Signal(syscall.SIGINT)
		kill := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
		cmd.Wait()
		kill.Stop()
	})
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Log(output.String())
		}
	})
	return stop
}

func TestPostgreSQL(t *testing.T) {
	initdb, postgres := binary(t, "initdb"), binary(t, "postgres")
	dir, port := serverDir(t), freePort(t)
	secret := filepath.Join(dir, "pw")
	if err := os.WriteFile(secret, []byte(password), 0o644); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	init, output := command(dir, initdb, "-D", data, "-U", "admin", "--pwfile="+secret, "-A", "scram-sha-256",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-instructions", "-N")
	if err := init.Run(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, output)
	}
	start(t, dir, postgres, "-D", data, "-h", "127.0.0.1", "-p", fmt.Sprint(port), "-k", dir, "-c", "fsync=off")
	good := PostgreSQL{Port: port, Username: "admin", Password: password, Database: "postgres"}
	eventually(t, good)

	bad := good
	bad.Password = "another-" + password
	wantError(t, bad.Run(t.Context()), `login failed: password authentication failed for user "admin"`)
	bad = good
	bad.Database = "none"
	wantError(t, bad.Run(t.Context()), `login failed: database "none" does not exist`)

	noConnections(t, good)
}

func TestPostgreSQLIsAway(t *testing.T) {
	port := freePort(t)
	err := PostgreSQL{Port: port, Username: "admin", Password: password, Database: "postgres"}.Run(t.Context())
	if want := fmt.Sprintf("connection refused on port %d", port); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// noConnections checks that probes leave no session behind.
func noConnections(t *testing.T, c PostgreSQL) {
	t.Helper()
	for range 50 {
		if err := c.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	config, err := c.config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	query := `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'recipe check'`
	for ctx := within(t, time.Minute); ctx.Err() == nil; {
		results, err := conn.Exec(ctx, query).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if string(results[0].Rows[0][0]) == "1" { // this one
			return
		}
	}
	t.Error("probes left sessions behind")
}

func TestRedis(t *testing.T) {
	redis := binary(t, "redis-server")
	dir, port := serverDir(t), freePort(t)
	acl := "user default off\nuser app1 on >" + password + " ~app1:* &app1:* +@all -@admin -@dangerous\n"
	if err := os.WriteFile(filepath.Join(dir, "acl"), []byte(acl), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, dir, redis, "--bind", "127.0.0.1", "--port", fmt.Sprint(port), "--dir", dir,
		"--aclfile", filepath.Join(dir, "acl"), "--save", "")
	good := Redis{Port: port, Username: "app1", Password: password}
	eventually(t, good)
	bad := good
	bad.Password = "another-" + password
	wantError(t, bad.Run(t.Context()), "login failed: WRONGPASS")
	wantError(t, Redis{Port: port}.Run(t.Context()), "PING failed: NOAUTH")
}

func TestRedisThatIsLoading(t *testing.T) {
	port := speak(t, func(conn net.Conn) {
		conn.Read(make([]byte, 1<<10))
		conn.Write([]byte("-LOADING Redis is loading the dataset in memory\r\n"))
		conn.Read(make([]byte, 1))
	})
	wantError(t, Redis{Port: port}.Run(t.Context()), "PING failed: LOADING")
}

func TestNATS(t *testing.T) {
	port := freePort(t)
	broker, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, Username: "app1", Password: password,
	})
	if err != nil {
		t.Fatal(err)
	}
	go broker.Start()
	t.Cleanup(func() { broker.Shutdown(); broker.WaitForShutdown() })
	good := NATS{Port: port, Username: "app1", Password: password}
	eventually(t, good)
	bad := good
	bad.Password = "another-" + password
	wantError(t, bad.Run(t.Context()), "login failed: wrong username or password for app1")
	if err := good.Run(within(t, time.Minute)); err != nil {
		t.Error(err)
	}
}
