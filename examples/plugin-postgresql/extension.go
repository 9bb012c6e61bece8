package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/nsynapse/recipe/providers/sdk/typed"
)

// extensionData is one extension in one database.
type extensionData struct {
	URL     string `cty:"url" recipe:"required,sensitive" doc:"The database, as postgres://user:password@host:port/name. The user owns it, or the extension is trusted."`
	Name    string `cty:"name" recipe:"required,replace" doc:"What is installed: hstore."`
	Schema  string `cty:"schema" recipe:"replace" default:"public" doc:"The schema that its objects go to."`
	Comment string `cty:"comment" doc:"What others read about it in the database."`
	Version string `cty:"version" recipe:"computed,stable" doc:"The version that was installed."`
}

// extension is the resource type postgresql_extension.
func extension() typed.Type[extensionData] {
	return typed.Type[extensionData]{
		Name:        "postgresql_extension",
		Description: "An extension in a database of PostgreSQL. Deleting it fails while something in the database uses it.",
		Read:        readExtension,
		Make:        makeExtension,
		Remove:      removeExtension,
	}
}

const lookUp = `
SELECT e.extversion, n.nspname, coalesce(obj_description(e.oid, 'pg_extension'), '')
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = $1`

func readExtension(ctx context.Context, known extensionData) (*extensionData, error) {
	return in(ctx, known.URL, func(conn *pgx.Conn) (*extensionData, error) {
		err := conn.QueryRow(ctx, lookUp, known.Name).Scan(&known.Version, &known.Schema, &known.Comment)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, nil
		}
		return &known, err
	})
}

// makeExtension installs it and sets its comment, in one transaction: whoever is cut off leaves nothing half done.
func makeExtension(ctx context.Context, c typed.Change[extensionData]) (*extensionData, error) {
	wanted := c.Wanted
	return in(ctx, wanted.URL, func(conn *pgx.Conn) (*extensionData, error) {
		c.Report.Logf("installing %s", wanted.Name)
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			// Who was cut off may still be at it in the server, and would not be seen before its end.
			if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext($1))", "extension "+wanted.Name); err != nil {
				return err
			}
			name := pgx.Identifier{wanted.Name}.Sanitize()
			create := fmt.Sprintf("CREATE EXTENSION IF NOT EXISTS %s SCHEMA %s", name, pgx.Identifier{wanted.Schema}.Sanitize())
			if wanted.Version != "" { // the deletion of this version is taken back
				create += " VERSION " + pgx.Identifier{wanted.Version}.Sanitize()
			}
			if _, err := tx.Exec(ctx, create); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, fmt.Sprintf("COMMENT ON EXTENSION %s IS %s", name, quote(wanted.Comment))); err != nil {
				return err
			}
			return tx.QueryRow(ctx, "SELECT extversion FROM pg_extension WHERE extname = $1", wanted.Name).Scan(&wanted.Version)
		})
		if err != nil {
			return c.Before, err
		}
		return &wanted, nil
	})
}

func removeExtension(ctx context.Context, c typed.Removal[extensionData]) error {
	_, err := in(ctx, c.Thing.URL, func(conn *pgx.Conn) (*extensionData, error) {
		_, err := conn.Exec(ctx, "DROP EXTENSION IF EXISTS "+pgx.Identifier{c.Thing.Name}.Sanitize())
		return nil, err
	})
	return err
}

// in calls do with a connection to the database, which is closed afterwards. Its errors do not show the URL.
func in(ctx context.Context, url string, do func(*pgx.Conn) (*extensionData, error)) (*extensionData, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the url cannot be read; it looks like postgres://user:password@host:port/database")
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err // it names user and database only
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // polite only
	return do(conn)
}

// quote is text as a constant of SQL.
func quote(text string) string {
	quoted := "'"
	for _, r := range text {
		if quoted += string(r); r == '\'' {
			quoted += "'"
		}
	}
	return quoted + "'"
}
