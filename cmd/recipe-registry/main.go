// Command recipe-registry is what `recipe registry serve` starts: a registry for a team. It is a program of its own
// since it links many times what recipe needs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/nsynapse/recipe/registry/server"
	"github.com/nsynapse/recipe/registry/server/objects"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "Error: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var o server.Options
	flags := flag.NewFlagSet("recipe-registry", flag.ExitOnError)
	o.Declare(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := o.Check(); err != nil {
		return err
	}
	inner, err := objects.New(ctx, o.Directory)
	if err != nil {
		return err
	}
	guarded, err := server.Guard(inner, o)
	if err != nil {
		return err
	}
	return server.Serve(ctx, guarded, o, func(address string) { fmt.Println("serving", o.Directory, "as", address) })
}
