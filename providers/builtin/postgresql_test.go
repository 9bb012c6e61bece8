//go:build unix

package builtin_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
	"github.com/zclconf/go-cty/cty"
)

const adminPassword = "the-admin's \\ password"

// postgresql is a running server.
type postgresql struct {
	port  int
	names atomic.Int64
}

func startPostgresql(t *testing.T) *postgresql {
	initdb, server := binary(t, "initdb", "/usr/lib/postgresql/*/bin"), binary(t, "postgres", "/usr/lib/postgresql/*/bin")
	dir, p := serverDirectory(t), &postgresql{port: freePort(t)}
	if err := os.WriteFile(filepath.Join(dir, "pw"), []byte(adminPassword+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	init := asServer(dir, initdb, "-D", "data", "-U", "admin", "--pwfile=pw", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-instructions", "-N")
	if out, err := init.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	serve(t, asServer(dir, server, "-D", "data", "-h", "127.0.0.1", "-p", strconv.Itoa(p.port), "-k", dir, "-c", "jit=off", "-c", "fsync=off", "-c", "log_statement=all"),
		func() bool { return p.query("admin", adminPassword, "postgres", "SELECT 1") == "1" })
	return p
}

// query returns the first column of the first row as text, or the error.
func (p *postgresql) query(user, password, database, sql string) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	config, err := pgx.ParseConfig(fmt.Sprintf("host=127.0.0.1 port=%d sslmode=disable dbname='%s'", p.port, database))
	if err != nil {
		return err.Error()
	}
	config.User, config.Password = user, password
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err.Error()
	}
	defer conn.Close(ctx)
	var answer string
	if err := conn.QueryRow(ctx, "SELECT ("+sql+")::text").Scan(&answer); err != nil {
		return err.Error()
	}
	return answer
}

func (p *postgresql) admin(sql string) string {
	return p.query("admin", adminPassword, "postgres", sql)
}

func (p *postgresql) values(name, password string) sdktest.Values {
	return sdktest.Values{
		"port": cty.NumberIntVal(int64(p.port)), "admin_username": str("admin"), "admin_password": str(adminPassword),
		"database": str(name), "username": str(name), "password": str(password),
	}
}

func TestPostgresqlDatabase(t *testing.T) {
	p := startPostgresql(t)
	t.Run("conformance", func(t *testing.T) { p.conformance(t) })
	t.Run("isolation", func(t *testing.T) { p.isolation(t) })
	t.Run("deletion", func(t *testing.T) { p.deletion(t) })
	t.Run("refusals", func(t *testing.T) { p.refusals(t) })
}

func (p *postgresql) conformance(t *testing.T) {
	plugintest.Run(t, sdktest.Suite{Provider: builtin.New(builtin.Options{}), Type: "postgresql_database", Cases: []sdktest.Case{{
		Name: "consumer", New: func(t *testing.T) sdktest.Thing {
			name := fmt.Sprintf(`shop "%d"; DROP`, p.names.Add(1)) // quoting matters
			first, second := "first password' \\", "second-password"
			wrong := p.values(name, first)
			wrong["admin_password"] = str("not the password")
			return sdktest.Thing{
				Create:  p.values(name, first),
				Updates: []sdktest.Values{p.values(name, second)},
				Wrong:   []sdktest.Values{wrong, p.values(name, "pässwort"), p.values("admin", first), p.values("", first), p.values(strings.Repeat("x", 64), first)},
				Observe: func() any {
					return []bool{p.query(name, first, name, "1") == "1", p.query(name, second, name, "1") == "1"}
				},
				Damage: func() {
					p.exec(t, fmt.Sprintf("ALTER ROLE %s PASSWORD 'x'", pgx.Identifier{name}.Sanitize()))
				},
			}
		},
	}}})
}

func (p *postgresql) exec(t *testing.T, sql string) {
	t.Helper()
	config, err := pgx.ParseConfig(fmt.Sprintf("host=127.0.0.1 port=%d sslmode=disable user=admin dbname=postgres", p.port))
	if err != nil {
		t.Fatal(err)
	}
	config.Password = adminPassword
	conn, err := pgx.ConnectConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

// One consumer cannot connect to another's database, owns its own, and is no superuser.
func (p *postgresql) isolation(t *testing.T) {
	o := newOne(t, builtin.Options{}, "postgresql_database")
	o.create(p.values("one", "password-of-one"))
	o.create(p.values("two", "password-of-two"))
	if got := p.query("one", "password-of-one", "two", "1"); !strings.Contains(got, "permission denied") {
		t.Errorf("one connects to two: %s", got)
	}
	if got := p.query("one", "password-of-one", "one", "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = 'one'"); got != "false" {
		t.Errorf("one has more rights than it should: %s", got)
	}
	if got := p.admin("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'one'"); got != "one" {
		t.Errorf("the owner is %s", got)
	}
	if got := p.admin("SELECT rolpassword LIKE 'SCRAM-SHA-256$4096:%' FROM pg_authid WHERE rolname = 'one'"); got != "true" {
		t.Errorf("the password is not kept as a SCRAM verifier: %s", got)
	}
}

// A deletion throws the consumer out and keeps its data.
func (p *postgresql) deletion(t *testing.T) {
	o := newOne(t, builtin.Options{}, "postgresql_database")
	v := o.create(p.values("gone", "password-of-gone"))
	config, err := pgx.ParseConfig(fmt.Sprintf("postgres://gone:password-of-gone@127.0.0.1:%d/gone?sslmode=disable", p.port))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "CREATE TABLE orders AS SELECT 42 AS n"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.apply(t.Context(), v, o.null(), "2"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("the old connection lives")
	}
	if got := p.query("admin", adminPassword, "gone", "SELECT n FROM orders"); got != "42" {
		t.Errorf("the data: %s", got)
	}
	o.create(p.values("gone", "another-password"))
	if got := p.query("gone", "another-password", "gone", "SELECT n FROM orders"); got != "42" {
		t.Errorf("the data after another creation: %s", got)
	}
}

func (p *postgresql) refusals(t *testing.T) {
	o := newOne(t, builtin.Options{}, "postgresql_database")
	if text := o.refuse(p.values("admin", "password")); !strings.Contains(text, "superuser") {
		t.Error(text)
	}
	if text := o.refuse(p.values("x", "pässwort")); strings.Contains(text, "pässwort") {
		t.Error(text)
	}
	nobody := p.values("x", "password")
	nobody["port"] = cty.NumberIntVal(int64(freePort(t)))
	o.refuse(nobody)
}
