//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
	"github.com/nsynapse/recipe/providers/sdk/typed"
)

// The extension keeps all promises, in process and as a plugin.
func TestConformance(t *testing.T) {
	server := startServer(t)
	databases := 0
	plugintest.Run(t, sdktest.Suite{Provider: typed.Provider(extension()), Type: "postgresql_extension", Cases: []sdktest.Case{{Name: "pg_trgm", New: func(t *testing.T) sdktest.Thing {
		databases++
		name := fmt.Sprintf("d%d", databases)
		server.exec(t, "postgres", "CREATE DATABASE "+name)
		set := func(comment string) sdktest.Values {
			return sdktest.Values{"url": cty.StringVal(server.url(name)), "name": cty.StringVal("pg_trgm"), "comment": cty.StringVal(comment)}
		}
		wrong := set("it's none")
		wrong["name"] = cty.StringVal("no_such_extension")
		return sdktest.Thing{
			Create: set("it's new"), Updates: []sdktest.Values{set("changed"), set("")}, Wrong: []sdktest.Values{wrong},
			Observe: func() any {
				return server.ask(name, "SELECT string_agg(extname || coalesce(obj_description(oid, 'pg_extension'), ''), ',') FROM pg_extension WHERE extname <> 'plpgsql'")
			},
			Damage: func() { server.exec(t, name, "DROP EXTENSION pg_trgm") },
		}
	}}}})
}

// server is a running PostgreSQL.
type server struct{ port int }

// startServer starts a server that ends with the test, or skips the test where there is none.
func startServer(t *testing.T) server {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is ours
	if len(found) == 0 {
		t.Skip("there is no PostgreSQL on this machine")
	}
	bin, s := slices.Max(found), server{port: freePort(t)}
	dir, err := os.MkdirTemp("", "pg") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if out, err := asUser(t, dir, filepath.Join(bin, "initdb"), "-D", "data", "-U", "admin", "-A", "trust", "--locale=C", "-E", "UTF8", "-N").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	run := asUser(t, dir, filepath.Join(bin, "postgres"), "-D", "data", "-h", "127.0.0.1", "-p", fmt.Sprint(s.port), "-k", dir, "-c", "fsync=off")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Signal(os.Interrupt)
		_ = run.Wait()
	})
	for end := time.Now().Add(time.Minute); s.ask("postgres", "SELECT 1::text") != "1"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("PostgreSQL does not start")
		}
	}
	return s
}

// asUser returns a command in dir that runs as nobody when the test is root: PostgreSQL refuses root.
func asUser(t *testing.T, dir, program string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(program, arguments...)
	cmd.Dir = dir
	if os.Getuid() == 0 {
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	return cmd
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s server) url(database string) string {
	return fmt.Sprintf("postgres://admin:not-checked-here@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// ask returns the first column of the first row, or the error.
func (s server) ask(database, sql string) string {
	conn, err := pgx.Connect(context.Background(), s.url(database))
	if err != nil {
		return err.Error()
	}
	defer conn.Close(context.Background())
	var answer *string
	if err := conn.QueryRow(context.Background(), sql).Scan(&answer); err != nil {
		return err.Error()
	}
	if answer == nil {
		return "nothing"
	}
	return *answer
}

func (s server) exec(t *testing.T, database, sql string) {
	conn, err := pgx.Connect(context.Background(), s.url(database))
	if err == nil {
		_, err = conn.Exec(context.Background(), sql)
		_ = conn.Close(context.Background())
	}
	if err != nil {
		t.Error(err)
	}
}
