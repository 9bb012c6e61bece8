package main

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"time"
)

// shop is what the pages need.
type shop struct {
	database database
	cache    cache
	events   events
	prices   prices
	instance string
	theme    string
}

// web serves the pages until ctx ends, and then finishes the requests that are under way.
func web(ctx context.Context, c config) error {
	if c.port == "" {
		return errors.New("the environment lacks PORT")
	}
	db, err := openDatabase(c.databaseURL)
	if err != nil {
		return err
	}
	defer db.close()
	bus, err := openEvents(c.eventsURL, "shop web "+c.instance)
	if err != nil {
		return err
	}
	defer bus.close()
	cache := openCache(c.cache)
	defer cache.close()
	s := shop{db, cache, bus, newPrices(c.pricingURL, cache), c.instance, c.theme}
	return serve(ctx, &http.Server{
		Addr:              net.JoinHostPort("127.0.0.1", c.port),
		Handler:           s.handler(),
		ReadHeaderTimeout: 5 * time.Second,
	})
}

func serve(ctx context.Context, server *http.Server) error {
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	log.Printf("listening on %s", server.Addr)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Print("finishing what is under way")
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return server.Shutdown(ending)
}

func (s shop) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("POST /orders", s.place)
	mux.HandleFunc("GET /orders.json", s.list)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /ready", s.ready)
	return mux
}
