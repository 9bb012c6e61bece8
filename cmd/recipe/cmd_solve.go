package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/nsynapse/recipe/planner/catalog"
	"github.com/nsynapse/recipe/planner/index"
)

func solveCommand() command {
	return command{name: "solve", group: "Versions", args: "NAME[@CONSTRAINT]...", summary: "Choose versions of packages from an index file.",
		example: "recipe solve -index packages.json 'acme/shop@^2.1' acme/theme\nrecipe solve -index packages.json -queries queries.jsonl",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			file := flags.String("index", "", "the `file` that lists all packages")
			queries := flags.String("queries", "", "a `file` of queries to answer instead, one JSON object a line; - for standard input")
			return func(ctx context.Context, args []string) error {
				if *file == "" {
					return badInput{hinted{errors.New("no index is given"), "Name a file with -index=FILE; docs/commands.md tells what is in it."}}
				}
				if (*queries == "") == (len(args) == 0) {
					return badInput{hinted{errors.New("there must be either packages or -queries"), "recipe solve -h has examples."}}
				}
				debug.SetGCPercent(400) // little of the index is ever garbage, and the process soon ends
				known, err := readIndex(*file)
				if err != nil {
					return badInput{err}
				}
				if *queries != "" {
					return c.answerAll(ctx, catalog.NewResolver(known), *queries)
				}
				return c.answer(catalog.NewResolver(known), args)
			}
		}}
}

func readIndex(file string) (*catalog.Catalog, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the index: %w", err)
	}
	return index.Read(file, text)
}

// solution is the answer to one query as JSON.
type solution struct {
	ID          json.RawMessage   `json:"id,omitempty"`
	Solvable    bool              `json:"solvable"`
	Versions    map[string]string `json:"versions"`
	Explanation string            `json:"explanation"`
	Decisions   int               `json:"decisions"`
	Conflicts   int               `json:"conflicts"`
	Seconds     float64           `json:"seconds"`
	Error       string            `json:"error,omitempty"` // the query cannot be read; the rest says nothing
}

func solutionOf(r *catalog.Resolver, q index.Query) solution {
	began := time.Now()
	a := r.Resolve(q.Roots)
	s := solution{ID: q.ID, Solvable: a.Solvable, Versions: a.Versions, Explanation: a.Explanation, Decisions: a.Decisions, Conflicts: a.Conflicts}
	s.Seconds = time.Since(began).Seconds()
	if s.Versions == nil {
		s.Versions = map[string]string{}
	}
	return s
}

// answer resolves what the command line asks for.
func (c *cli) answer(r *catalog.Resolver, args []string) error {
	var q index.Query
	for _, arg := range args {
		need, err := index.ParseNeed(arg)
		if err != nil {
			return badInput{err}
		}
		q.Roots = append(q.Roots, need)
	}
	s := solutionOf(r, q)
	switch {
	case c.json:
		c.printJSON(s)
	case s.Solvable:
		for _, name := range slices.Sorted(maps.Keys(s.Versions)) {
			fmt.Fprintf(c.stdout, "%s %s\n", name, s.Versions[name])
		}
	default:
		fmt.Fprintln(c.stderr, s.Explanation)
	}
	if !s.Solvable {
		return exitCode(exitError)
	}
	return nil
}

// answerAll answers a file of queries.
func (c *cli) answerAll(ctx context.Context, r *catalog.Resolver, file string) error {
	input := c.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return badInput{fmt.Errorf("cannot read the queries: %w", err)}
		}
		defer f.Close()
		input = f
	}
	out := bufio.NewWriterSize(c.stdout, 1<<16)
	bad, err := answerLines(ctx, r, bufio.NewReaderSize(input, 1<<16), out)
	if err := errors.Join(err, out.Flush()); err != nil {
		return badInput{fmt.Errorf("cannot answer %s: %w", file, err)}
	}
	if bad > 0 {
		return badInput{fmt.Errorf("%d lines of %s are no queries; see \"error\" in their answers", bad, file)}
	}
	return nil
}

// answerLines answers line by line, and counts the lines that are no queries. Answers are passed on as soon as no further
// line has come.
func answerLines(ctx context.Context, r *catalog.Resolver, in *bufio.Reader, out *bufio.Writer) (bad int, err error) {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for number := 1; ctx.Err() == nil; number++ {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			q, mistake := index.ParseQuery(line)
			s := solution{ID: q.ID, Versions: map[string]string{}}
			if mistake == nil {
				s = solutionOf(r, q)
			} else {
				s.Error = fmt.Sprintf("line %d: %v", number, mistake)
				bad++
			}
			if err := encoder.Encode(s); err != nil {
				return bad, err
			}
		}
		if errors.Is(err, io.EOF) {
			return bad, nil
		}
		if err != nil {
			return bad, err
		}
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return bad, err
			}
		}
	}
	return bad, ctx.Err()
}
