package builtin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

func postgresqlDatabaseSchema() sdk.TypeSchema {
	return sdk.TypeSchema{
		Description: "A PostgreSQL database and the role that owns it, for one consumer; no other role may connect to it. Deleting it closes the role's connections and its login; the data stays until the server's own data goes.",
		Attributes: map[string]sdk.Attribute{
			"port": {Type: cty.Number, Required: true,
				Description: "TCP port of the server on the loopback address."},
			"admin_username": {Type: cty.String, Required: true,
				Description: "A superuser of the server."},
			"admin_password": {Type: cty.String, Required: true, Sensitive: true,
				Description: "The superuser's password."},
			"database": {Type: cty.String, Required: true, Replace: true,
				Description: "Name of the database, at most 63 bytes."},
			"username": {Type: cty.String, Required: true, Replace: true,
				Description: "Name of the role that owns it, at most 63 bytes; not a superuser."},
			"password": {Type: cty.String, Required: true, Sensitive: true,
				Description: "The role's password, in printable ASCII. A change takes effect at the next login."},
		},
	}
}

// postgresqlDatabase makes databases with their roles.
type postgresqlDatabase struct{ random io.Reader }

var _ sdk.Resource = postgresqlDatabase{}

// Read logs in as the consumer does: that is what the thing is for.
func (postgresqlDatabase) Read(ctx context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	none := cty.NullVal(postgresqlDatabaseSchema().Object())
	if id.Known.IsNull() {
		return none, nil
	}
	conn, err := connect(ctx, id.Known, text(id.Known, "database"), text(id.Known, "username"), text(id.Known, "password"))
	if isRefusedLogin(err) {
		return none, nil
	}
	if err == nil {
		err = conn.Close(ctx)
	}
	if err != nil {
		return answer(none, "cannot look at the database", err)
	}
	return id.Known, nil
}

func (p postgresqlDatabase) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	wanted := r.After
	if wanted.IsNull() {
		wanted = r.Before
	}
	if wanted.IsNull() {
		return r.After, nil
	}
	conn, err := connectAdmin(ctx, wanted)
	if err != nil {
		return answer(r.Before, "cannot change the database", err)
	}
	// Closing is polite only; it must not wait for a server that hangs.
	defer func() { _ = closeSoon(ctx, conn) }()
	if err := alone(ctx, conn, wanted); err != nil {
		return answer(r.Before, "cannot change the database", err)
	}
	if r.After.IsNull() {
		if err := lock(ctx, conn, wanted); err != nil {
			return answer(r.Before, "cannot close the role's login", err)
		}
		return r.After, nil
	}
	began, err := p.ensure(ctx, conn, wanted)
	switch {
	case err != nil && began:
		return answer(r.After, "cannot make the database", err)
	case err != nil:
		return answer(r.Before, "cannot make the database", err)
	}
	return r.After, nil
}

// alone waits until no other session changes the same role. An earlier attempt that was cut off may still be at work
// in the server, which refuses two changes of one role at a time ("tuple concurrently updated"). The lock is the
// session's and ends with it.
func alone(ctx context.Context, conn *pgx.Conn, v cty.Value) error {
	_, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", text(v, "username"))
	return err
}

// ensure makes role and database, each step only where something is missing, and reports whether it began a step.
func (p postgresqlDatabase) ensure(ctx context.Context, conn *pgx.Conn, v cty.Value) (began bool, err error) {
	verifier, err := scramVerifier(p.random, text(v, "password"))
	if err != nil {
		return false, err
	}
	role, database := text(v, "username"), text(v, "database")
	if err := checkNames(v); err != nil {
		return false, err
	}
	if err := refuseSuperuser(ctx, conn, role); err != nil {
		return false, err
	}
	if err := ensureRole(ctx, conn, role, verifier); err != nil {
		return true, err
	}
	return true, ensureDatabase(ctx, conn, role, database)
}

// checkNames refuses names that the server would cut, which could then be another consumer's.
func checkNames(v cty.Value) error {
	for _, name := range []string{"username", "database"} {
		if n := len(text(v, name)); n == 0 || n > 63 {
			return wrong(name, "must have from 1 to 63 bytes")
		}
	}
	return nil
}

func refuseSuperuser(ctx context.Context, conn *pgx.Conn, role string) error {
	super, err := exists(ctx, conn, "SELECT FROM pg_roles WHERE rolname = $1 AND rolsuper", role)
	if err == nil && super {
		err = wrong("username", "is the superuser %q; choose another name", role)
	}
	return err
}

// ensureRole makes a role that can log in. The statement holds a verifier, so that no log of the server ever has the
// password.
func ensureRole(ctx context.Context, conn *pgx.Conn, role, verifier string) error {
	there, err := exists(ctx, conn, "SELECT FROM pg_roles WHERE rolname = $1", role)
	if err == nil && !there {
		_, err = conn.Exec(ctx, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", quoted(role), verifier))
	}
	if err == nil && there || isDuplicate(err) {
		_, err = conn.Exec(ctx, fmt.Sprintf("ALTER ROLE %s LOGIN PASSWORD '%s'", quoted(role), verifier))
	}
	return named("role", role, err)
}

func ensureDatabase(ctx context.Context, conn *pgx.Conn, role, database string) error {
	there, err := exists(ctx, conn, "SELECT FROM pg_database WHERE datname = $1", database)
	if err == nil && !there {
		_, err = conn.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s OWNER %s", quoted(database), quoted(role)))
	}
	if err != nil && !isDuplicate(err) {
		return named("database", database, err)
	}
	owned, err := exists(ctx, conn, "SELECT FROM pg_database WHERE datname = $1 AND pg_get_userbyid(datdba) = $2", database, role)
	if err == nil && !owned {
		_, err = conn.Exec(ctx, fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", quoted(database), quoted(role)))
	}
	if err != nil {
		return named("database", database, err)
	}
	open, err := exists(ctx, conn, "SELECT WHERE has_database_privilege('public', $1::text, 'CONNECT')", database)
	if err == nil && open {
		_, err = conn.Exec(ctx, fmt.Sprintf("REVOKE CONNECT ON DATABASE %s FROM PUBLIC", quoted(database)))
	}
	return named("database", database, err)
}

// lock takes the role's login away and closes its connections; in this order, so that none comes back.
func lock(ctx context.Context, conn *pgx.Conn, v cty.Value) error {
	role := text(v, "username")
	there, err := exists(ctx, conn, "SELECT FROM pg_roles WHERE rolname = $1", role)
	if err != nil || !there {
		return err
	}
	if err := refuseSuperuser(ctx, conn, role); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, fmt.Sprintf("ALTER ROLE %s NOLOGIN PASSWORD NULL", quoted(role))); err != nil {
		return named("role", role, err)
	}
	_, err = conn.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", role)
	return named("role", role, err)
}

func quoted(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }

func named(what, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %q: %w", what, name, err)
}

// exists reports whether a query has a row.
func exists(ctx context.Context, conn *pgx.Conn, query string, arguments ...any) (bool, error) {
	var there bool
	err := conn.QueryRow(ctx, "SELECT EXISTS ("+query+")", arguments...).Scan(&there)
	return there, err
}

func connectAdmin(ctx context.Context, v cty.Value) (*pgx.Conn, error) {
	return connect(ctx, v, "postgres", text(v, "admin_username"), text(v, "admin_password"))
}

// connect logs in to the server of v. What the environment says about PostgreSQL does not count.
func connect(ctx context.Context, v cty.Value, database, user, password string) (*pgx.Conn, error) {
	port, err := whole(v, "port", 1, 65535)
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig("host=127.0.0.1 sslmode=disable user=recipe dbname=recipe")
	if err != nil {
		return nil, fmt.Errorf("cannot prepare a connection: %w", err)
	}
	config.Port, config.Database, config.User, config.Password = uint16(port), database, user, password
	config.Fallbacks = nil
	config.RuntimeParams = map[string]string{"application_name": "recipe"}
	config.ConnectTimeout = 10 * time.Second
	return pgx.ConnectConfig(ctx, config)
}

func closeSoon(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return conn.Close(ctx)
}

// isRefusedLogin tells a login that the server refuses for good: wrong or no password, no such role, no LOGIN, no
// right to connect, no such database.
func isRefusedLogin(err error) bool {
	return hasCode(err, "28P01", "28000", "42501", "3D000")
}

// isDuplicate tells that what was to be created is there after all: an interrupted attempt went on in the server
// after its connection was gone.
func isDuplicate(err error) bool { return hasCode(err, "42P04", "42710", "23505") }

func hasCode(err error, codes ...string) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && slices.Contains(codes, said.Code)
}
