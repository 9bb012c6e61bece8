//go:build !unix

package router

import (
	"errors"
	"net"
	"net/http"
)

// inherited are the listeners of an elder, by what they are for. Here they cannot be had.
type inherited struct {
	table     Table
	control   *net.UnixListener
	endpoints map[int]*net.TCPListener
	fronts    map[Front]*net.TCPListener
	elder     *elder
}

func lockStart(string) (unlock func(), err error) { return func() {}, nil }

func takeOver(string) (*inherited, error) { return nil, nil }

func (i *inherited) served() error { return errors.ErrUnsupported }

func (s *server) handover(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "listeners cannot be handed over on this system", http.StatusNotImplemented)
}
