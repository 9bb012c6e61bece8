package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/nsynapse/recipe/executor/bus"
	"github.com/nsynapse/recipe/executor/router"
	"github.com/nsynapse/recipe/executor/shim/shimmain"
)

// internal runs the processes that the agent starts from this same program: the shim where there is no program of its
// own for it, the router and the bus. They are not for people and not listed. ok is false for any other word.
func internal(args []string) (code int, ok bool) {
	switch {
	case len(args) == 0:
		return 0, false
	case args[0] == "shim":
		return shimmain.Main(args[1:]), true // before anything that could start a goroutine or catch a signal
	case args[0] == "router" && len(args) == 2:
		return serve(func(ctx context.Context) error { return router.Serve(ctx, args[1], build()) }), true
	case args[0] == "bus":
		return serve(func(ctx context.Context) error { return bus.Main(ctx, args[1:], os.Getenv, os.Stderr) }), true
	}
	return 0, false
}

func serve(do func(context.Context) error) int {
	ctx, stop := interruptible()
	defer stop()
	err := do(ctx)
	if errors.Is(err, router.ErrRetired) {
		return router.RetiredCode
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, err)
		return exitError
	}
	return exitOK
}
