package main

import (
	"context"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5"
)

// migrations are the changes of the tables, in order; the table schema_version counts those that were made. Released
// ones never change: a new version adds to the list.
func migrations() []string {
	return []string{
		`CREATE TABLE orders (
			id           text PRIMARY KEY,
			item         text NOT NULL,
			cents        integer NOT NULL,
			placed_at    timestamptz NOT NULL DEFAULT now(),
			placed_by    text NOT NULL,
			processed_at timestamptz,
			processed_by text
		)`,
		`CREATE INDEX orders_placed_at ON orders (placed_at DESC)`,
		`CREATE INDEX orders_waiting ON orders (placed_at) WHERE processed_at IS NULL`,
	}
}

// migrate brings the tables up to date, all or nothing. Every instance does it, also several at a time.
func migrate(ctx context.Context, c config) error {
	db, err := openDatabase(c.databaseURL)
	if err != nil {
		return err
	}
	defer db.close()
	var made int
	err = db.retry(ctx, func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) (err error) {
			made, err = migrateIn(ctx, tx)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("cannot migrate the database: %w", err)
	}
	log.Printf("%d migrations made", made)
	return nil
}

func migrateIn(ctx context.Context, tx pgx.Tx) (made int, err error) {
	// The lock ends with the transaction. Its number is ours: the database belongs to the shop alone.
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(1)`); err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)`); err != nil {
		return 0, err
	}
	var version int
	if err := tx.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM schema_version`).Scan(&version); err != nil {
		return 0, err
	}
	all := migrations()
	for i := version; i < len(all); i++ {
		if _, err := tx.Exec(ctx, all[i]); err != nil {
			return 0, fmt.Errorf("migration %d: %w", i+1, err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO schema_version VALUES ($1)`, i+1); err != nil {
			return 0, err
		}
	}
	return max(0, len(all)-version), nil
}
