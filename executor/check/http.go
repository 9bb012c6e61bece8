package check

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
)

// HTTP succeeds when a GET of the path is answered with a status from 200 to 399. Redirects are not followed.
type HTTP struct {
	Port int
	Path string // begins with a slash, may have a query; "" is "/"
}

const (
	headLimit = 16 << 10 // bytes of status line and header that are looked at
	bodyLimit = 4 << 10  // bytes of body that are taken off the line
)

// Run implements Check. It speaks on a connection of its own: a pooled one would tell less about the server.
func (c HTTP) Run(ctx context.Context) error {
	path := c.Path
	if path == "" {
		path = "/"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address(c.Port)+path, nil)
	if err != nil || path[0] != '/' {
		return fmt.Errorf("%q is not a path", path)
	}
	request.Close = true
	request.Header.Set("User-Agent", "recipe-check")
	conn, err := dial(ctx, c.Port)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := request.Write(conn); err != nil {
		return explain(ctx, c.Port, err)
	}
	status, err := readStatus(conn, request)
	if err != nil {
		return explain(ctx, c.Port, fmt.Errorf("no HTTP answer from port %d: %w", c.Port, err))
	}
	if status < 200 || status > 399 {
		return fmt.Errorf("GET %s on port %d answered %d %s", path, c.Port, status, http.StatusText(status))
	}
	return nil
}

// readStatus returns the final status, after those that announce another.
func readStatus(conn io.Reader, request *http.Request) (int, error) {
	reader := bufio.NewReader(io.LimitReader(conn, headLimit+bodyLimit))
	for {
		response, err := http.ReadResponse(reader, request)
		if err != nil {
			return 0, err
		}
		if response.StatusCode < 200 && response.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		if response.ContentLength > 0 && response.ContentLength <= bodyLimit {
			// Closing with unread data would reset the connection, and the server might log it as a failure.
			io.CopyN(io.Discard, response.Body, response.ContentLength)
		}
		return response.StatusCode, nil
	}
}
