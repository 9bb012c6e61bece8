//go:build unix

package check

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// do runs a statement on the server that a check is about.
func (c PostgreSQL) do(t *testing.T, sql string) {
	t.Helper()
	config, err := c.config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// comesTo waits for an outcome.
func comesTo(t *testing.T, c Check, what string, ok func(error) bool) {
	t.Helper()
	var err error
	for ctx := within(t, time.Minute); ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		if err = c.Run(ctx); ok(err) {
			return
		}
	}
	t.Fatalf("never %s, but: %v", what, err)
}

func passes(err error) bool { return err == nil }

func isUndecided(err error) bool {
	_, ok := errors.AsType[Undecided](err)
	return ok
}

// A replica that does not replay, that is cut off from a primary that works, and that has no primary any more.
func TestReplica(t *testing.T) {
	initdb, postgres, copy := binary(t, "initdb"), binary(t, "postgres"), binary(t, "pg_basebackup")
	dir, port, second := serverDir(t), freePort(t), freePort(t)
	data, replica := filepath.Join(dir, "data"), filepath.Join(dir, "replica")
	run := func(path string, args ...string) {
		t.Helper()
		if cmd, output := command(dir, path, args...); cmd.Run() != nil {
			t.Fatalf("%s: %s", path, output)
		}
	}
	run(initdb, "-D", data, "-U", "admin", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions", "-N")
	stop := startServer(t, dir, postgres, "-D", data, "-h", "127.0.0.1", "-p", fmt.Sprint(port), "-k", dir, "-c", "fsync=off", "-c", "autovacuum=off")
	primary := PostgreSQL{Port: port, Username: "admin", Database: "postgres", Primary: port, MaxLag: 1 << 20}
	eventually(t, primary)
	run(copy, "-h", "127.0.0.1", "-p", fmt.Sprint(port), "-U", "admin", "-D", replica, "-X", "stream", "-c", "fast", "--no-sync")
	if err := os.WriteFile(filepath.Join(replica, "standby.signal"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	follow := fmt.Sprintf("host=127.0.0.1 port=%d user=admin", port)
	start(t, dir, postgres, "-D", replica, "-h", "127.0.0.1", "-p", fmt.Sprint(second), "-k", dir, "-c", "fsync=off", "-c", "primary_conninfo="+follow)
	follower := primary
	follower.Port = second
	far := follower
	far.MaxLag = 0
	eventually(t, follower)

	follower.do(t, "SELECT pg_wal_replay_pause()")
	primary.do(t, "CREATE TABLE much AS SELECT generate_series(1, 100000)")
	comesTo(t, follower, "behind", func(err error) bool {
		return err != nil && !isUndecided(err) && err.Error() != "no log streams from the primary"
	})
	if err := far.Run(t.Context()); err != nil {
		t.Errorf("it follows, however far behind: %v", err)
	}
	follower.do(t, "SELECT pg_wal_replay_resume()")
	comesTo(t, follower, "caught up", passes)

	follower.do(t, "ALTER SYSTEM SET primary_conninfo = ''")
	run(binary(t, "pg_ctl"), "stop", "-D", replica, "-m", "fast", "-w")
	start(t, dir, postgres, "-D", replica, "-h", "127.0.0.1", "-p", fmt.Sprint(second), "-k", dir, "-c", "fsync=off")
	comesTo(t, far, "cut off", func(err error) bool { return err != nil && err.Error() == "no log streams from the primary" })
	plain := far
	plain.Primary = 0
	eventually(t, plain)

	stop()
	comesTo(t, far, "undecided", isUndecided)
}
