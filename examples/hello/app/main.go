// Command hello serves a page on 127.0.0.1, at the port that PORT names. What a visitor says there goes over the bus
// to all instances, and each shows what it heard.
package main

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0) // the agent puts the time before each line
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Getenv); err != nil {
		log.Fatalf("hello: %s", err)
	}
}

// run serves until ctx ends. The bus is what the recipe requires as "events"; the same values are in files below
// $SERVICE_BINDING_ROOT/events.
func run(ctx context.Context, getenv func(string) string) error {
	port := getenv("PORT")
	if port == "" || getenv("EVENTS_HOST") == "" {
		return errors.New("PORT and EVENTS_HOST have to be set; recipe sets them")
	}
	h := &hello{instance: getenv("RECIPE_INSTANCE")}
	h.bus = newBus(net.JoinHostPort(getenv("EVENTS_HOST"), getenv("EVENTS_PORT")),
		getenv("EVENTS_USERNAME"), getenv("EVENTS_PASSWORD"), "hello.said", h.hear)
	go h.bus.run(ctx)
	server := &http.Server{Addr: net.JoinHostPort("127.0.0.1", port), Handler: h.handler(), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	log.Printf("listening on %s", server.Addr)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return server.Shutdown(ending)
}
