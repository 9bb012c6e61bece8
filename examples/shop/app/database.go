package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// database keeps the orders.
type database struct{ pool *pgxpool.Pool }

// order is a row of the table orders.
type order struct {
	ID        string     `json:"id"`
	Item      string     `json:"item"`
	Cents     int        `json:"cents"`
	PlacedAt  time.Time  `json:"placed_at"`
	PlacedBy  string     `json:"placed_by"`              // the instance of web
	Processed *time.Time `json:"processed_at,omitempty"` // nil until the worker had it
	Worker    *string    `json:"processed_by,omitempty"` // the instance of worker
}

// openDatabase connects at the first use, so that the shop starts while the database restarts.
func openDatabase(url string) (database, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return database{}, errors.New("DATABASE_URL is no address of a database") // the parser's error may show it
	}
	c.MaxConns = 8
	c.ConnConfig.ConnectTimeout = 3 * time.Second
	pool, err := pgxpool.NewWithConfig(context.Background(), c)
	if err != nil {
		return database{}, fmt.Errorf("cannot prepare the database: %w", err)
	}
	return database{pool}, nil
}

func (d database) close() { d.pool.Close() }

// place stores a new order. It may be repeated: an order that is there already stays as it is.
func (d database) place(ctx context.Context, o order) error {
	return d.retry(ctx, func(ctx context.Context) error {
		_, err := d.pool.Exec(ctx, `INSERT INTO orders (id, item, cents, placed_by) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
			o.ID, o.Item, o.Cents, o.PlacedBy)
		return err
	})
}

// recent returns the newest orders, the newest first, at most limit.
func (d database) recent(ctx context.Context, limit int) (orders []order, err error) {
	err = d.retry(ctx, func(ctx context.Context) error {
		rows, err := d.pool.Query(ctx, `SELECT id, item, cents, placed_at, placed_by, processed_at, processed_by
			FROM orders ORDER BY placed_at DESC, id LIMIT $1`, limit)
		if err != nil {
			return err
		}
		orders, err = pgx.CollectRows(rows, pgx.RowToStructByPos[order])
		return err
	})
	return orders, err
}

// process marks an order as processed, once: whoever comes second changes nothing.
func (d database) process(ctx context.Context, id, by string) (first bool, err error) {
	err = d.retry(ctx, func(ctx context.Context) error {
		tag, err := d.pool.Exec(ctx, `UPDATE orders SET processed_at = now(), processed_by = $2 WHERE id = $1 AND processed_at IS NULL`, id, by)
		first = tag.RowsAffected() == 1
		return err
	})
	return first, err
}

// forgotten returns orders that have waited for longer than age.
func (d database) forgotten(ctx context.Context, age time.Duration) (ids []string, err error) {
	err = d.retry(ctx, func(ctx context.Context) error {
		rows, err := d.pool.Query(ctx, `SELECT id FROM orders WHERE processed_at IS NULL AND placed_at < now() - $1::interval LIMIT 100`, age)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return ids, err
}

// retry repeats what failed because the connection did, or because the server is starting or stopping.
func (d database) retry(ctx context.Context, do func(context.Context) error) error {
	return retry(ctx, brokenConnection, do)
}

// brokenConnection tells the errors of a server that comes and goes from those that would come again.
func brokenConnection(err error) bool {
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return true // the server said nothing
	}
	return strings.HasPrefix(said.Code, "57P") || strings.HasPrefix(said.Code, "08") || strings.HasPrefix(said.Code, "53")
}
