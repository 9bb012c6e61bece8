package check

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// Undecided is the error of a check that cannot tell at the moment, since somebody else does not answer.
type Undecided struct{ Reason string }

// Error implements error.
func (u Undecided) Error() string { return u.Reason }

// Undecided tells it from an error of the target.
func (Undecided) Undecided() bool { return true }

// replicaState is one row: whether the server is a replica, whether the log streams to it, and how many bytes of it that the
// primary had at its last message are not replayed yet. There is no row in pg_stat_wal_receiver while nothing streams.
const replicaState = `SELECT pg_is_in_recovery(), coalesce(r.status, 'none'), coalesce(pg_wal_lsn_diff(r.latest_end_lsn, pg_last_wal_replay_lsn()), 0)
	FROM (SELECT 1) AS one LEFT JOIN pg_stat_wal_receiver AS r ON true`

// follows looks whether a replica follows its primary. A primary passes.
func (c PostgreSQL) follows(ctx context.Context, conn *pgconn.PgConn) error {
	row, err := selectRow(ctx, conn, replicaState)
	if err != nil {
		return c.explain(ctx, "SELECT failed", err)
	}
	replica, status := row[0] == "t", row[1]
	switch {
	case !replica:
		return nil
	case status != "streaming":
		return c.cutOff(ctx)
	}
	behind, err := strconv.ParseInt(row[2], 10, 64)
	if err != nil {
		return fmt.Errorf("the server says %q bytes of the log are not replayed", row[2])
	}
	if c.MaxLag > 0 && behind > c.MaxLag {
		return fmt.Errorf("%d MB of the primary's log are not replayed yet", behind>>20)
	}
	return nil
}

// cutOff is the outcome for a replica that nothing streams to. That is its fault only if there is a primary.
func (c PostgreSQL) cutOff(ctx context.Context) error {
	primary := c
	primary.Port, primary.Primary = c.Primary, 0
	if serves, err := primary.serves(ctx); err != nil {
		return Undecided{"no log streams from the primary, which does not answer: " + err.Error()}
	} else if !serves {
		return Undecided{"no log streams from the primary, which is none yet"}
	}
	return errors.New("no log streams from the primary")
}

// serves reports whether the server takes writes.
func (c PostgreSQL) serves(ctx context.Context) (bool, error) {
	config, err := c.config(ctx)
	if err != nil {
		return false, err
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return false, c.explain(ctx, "login failed", err)
	}
	defer conn.Close(ctx)
	row, err := selectRow(ctx, conn, "SELECT pg_is_in_recovery()")
	if err != nil {
		return false, c.explain(ctx, "SELECT failed", err)
	}
	return row[0] == "f", nil
}

// selectRow returns the one row of a query as text.
func selectRow(ctx context.Context, conn *pgconn.PgConn, query string) ([]string, error) {
	results, err := conn.Exec(ctx, query).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 {
		return nil, errors.New("the answer is not one row")
	}
	var row []string
	for _, column := range results[0].Rows[0] {
		row = append(row, string(column))
	}
	return row, nil
}
