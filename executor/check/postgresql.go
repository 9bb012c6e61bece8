package check

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// PostgreSQL succeeds when the user can log in and SELECT. A replica may have to follow its primary, too; whether it does
// is undecided while that does not answer.
type PostgreSQL struct {
	Port     int
	Username string
	Password string
	Database string
	Primary  int   // the port of the server that a replica has to follow, with the same login; 0 does not look at that
	MaxLag   int64 // how many bytes of the log a replica may be behind; 0 is any number
}

// startingUp is the SQLSTATE of a server that accepts connections and does not serve them yet.
const startingUp = "57P03"

// Run implements Check.
func (c PostgreSQL) Run(ctx context.Context) error {
	config, err := c.config(ctx)
	if err != nil {
		return err
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return c.explain(ctx, "login failed", err)
	}
	defer conn.Close(ctx)
	if c.Primary != 0 {
		return c.follows(ctx, conn)
	}
	if _, err := conn.Exec(ctx, "SELECT 1").ReadAll(); err != nil {
		return c.explain(ctx, "SELECT 1 failed", err)
	}
	return nil
}

// config sets each field itself: what ParseConfig finds in PG* variables and in files is meant for somebody else.
func (c PostgreSQL) config(ctx context.Context) (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig("host=127.0.0.1 sslmode=disable")
	if err != nil {
		return nil, errors.New("the environment of the agent has PG variables that are wrong")
	}
	config.Port = uint16(c.Port)
	config.User, config.Password, config.Database = c.Username, c.Password, c.Database
	config.RuntimeParams = map[string]string{"application_name": "recipe check"}
	config.Fallbacks = nil
	config.DialFunc = func(context.Context, string, string) (net.Conn, error) {
		conn, err := dial(ctx, c.Port)
		if err != nil {
			return nil, notDialed{err}
		}
		return conn, nil
	}
	return config, nil
}

// notDialed is an error in our own words, to be found again in what pgconn makes of it.
type notDialed struct{ error }

// explain passes on what the server said; the rest of a pgconn error is its configuration.
func (c PostgreSQL) explain(ctx context.Context, what string, err error) error {
	var said *pgconn.PgError
	switch {
	case errors.As(err, &said) && said.Code == startingUp:
		return errors.New(said.Message)
	case errors.As(err, &said):
		return fmt.Errorf("%s: %s", what, said.Message)
	}
	if ours, ok := errors.AsType[notDialed](err); ok {
		return ours.error
	}
	var refused *pgconn.ConnectError
	if errors.As(err, &refused) {
		err = errors.Unwrap(refused)
	}
	return explain(ctx, c.Port, err)
}
