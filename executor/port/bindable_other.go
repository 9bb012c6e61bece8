//go:build !unix

package port

import (
	"net"
	"strconv"
)

// bindable tries whether p could be listened on right now, by listening for a moment.
func bindable(p int) error {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
	if err != nil {
		return err
	}
	return l.Close()
}
