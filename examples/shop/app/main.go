// Command shop is a small web shop, in three parts:
//
//	shop migrate   makes or changes the tables, and ends
//	shop web       serves the pages
//	shop worker    processes the orders that were placed
//
// Where its database, cache, bus and pricing are comes from the environment; see config.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	log.SetFlags(0) // the agent puts the time before each line
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatalf("shop: %s", err)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("say what to do: shop migrate, shop web or shop worker")
	}
	c, err := readConfig(os.Getenv)
	if err != nil {
		return err
	}
	switch args[0] {
	case "migrate":
		return migrate(ctx, c)
	case "web":
		return web(ctx, c)
	case "worker":
		return work(ctx, c)
	}
	return fmt.Errorf("shop cannot %q: it can migrate, web and worker", args[0])
}
