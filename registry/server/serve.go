package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"
)

// Serve answers until the context ends; then it lets requests under way finish for a while. Ready is called once, with
// the address of the registry, before the first answer.
func Serve(ctx context.Context, handler http.Handler, o Options, ready func(address string)) error {
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		stopped <- s.Shutdown(last)
	})
	defer stop()
	if o.Certificate == "" {
		ready("oci+http://" + listener.Addr().String())
		err = s.Serve(listener)
	} else {
		ready("oci://" + listener.Addr().String())
		err = s.ServeTLS(listener, o.Certificate, o.Key)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return <-stopped
	}
	return err
}
