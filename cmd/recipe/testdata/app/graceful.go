package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// graceful serves until it is asked to end. Then each connection is told so with its next answer, which is the only way to
// end one that its client keeps open without failing a request; those that nobody uses end with the process.
func graceful(address string, grace time.Duration) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	inner := routes()
	var open atomic.Int64
	server := &http.Server{Addr: address,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if ctx.Err() != nil {
				w.Header().Set("Connection", "close")
			}
			inner.ServeHTTP(w, r)
		}),
		ConnState: func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed, http.StateHijacked:
				open.Add(-1)
			}
		}}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	for end := time.Now().Add(grace); open.Load() > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	os.Exit(0)
	return nil
}
