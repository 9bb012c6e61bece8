package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Serve answers until the context ends; then it lets requests under way finish for a while. Ready is called once, with
// the address of the registry, before the first answer.
func Serve(ctx context.Context, handler http.Handler, o Options, ready func(address string)) error {
	config, err := o.encryption()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, TLSConfig: config}
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
		err = s.ServeTLS(listener, "", "")
	}
	if errors.Is(err, http.ErrServerClosed) {
		return <-stopped
	}
	return err
}

// encryption reads the certificate and its key, if there are any, before anybody is told that the registry is there.
func (o Options) encryption() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.Certificate == "" {
		return config, nil
	}
	pair, err := tls.LoadX509KeyPair(o.Certificate, o.Key)
	if err != nil {
		return nil, fmt.Errorf("cannot use the certificate %s with the key %s: %w", o.Certificate, o.Key, err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}
