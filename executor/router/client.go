package router

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/nsynapse/recipe/executor/token"
	"github.com/nsynapse/recipe/executor/unixsocket"
)

// ErrNoAnswer means that the router is not up, or not yet: it may have been asked too early.
var ErrNoAnswer = errors.New("the router does not answer")

// Client is the agent's side of a router. It is safe for concurrent use.
type Client struct {
	web *http.Client
	dir string
}

// Dial returns a client of the router in dir. It connects when it is used, and again after a restart of the router.
func Dial(dir string) *Client {
	path := filepath.Join(dir, socketName)
	return &Client{dir: dir, web: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return unixsocket.Dial(ctx, path) },
	}}}
}

// Close ends the connections of the client; it may still be used.
func (c *Client) Close() {
	c.web.CloseIdleConnections()
}

// SetTable makes t the table of the router. When it returns without an error the router serves t but for what the
// report says. Of two concurrent calls either may be the last.
func (c *Client) SetTable(ctx context.Context, t Table) (Report, error) {
	body, err := json.Marshal(t)
	if err != nil {
		return Report{}, err
	}
	var report Report
	err = c.call(ctx, http.MethodPut, "table", body, &report)
	return report, err
}

// Stats returns the router's figures.
func (c *Client) Stats(ctx context.Context) (Stats, error) {
	var stats Stats
	err := c.call(ctx, http.MethodGet, "stats", nil, &stats)
	return stats, err
}

func (c *Client) call(ctx context.Context, method, what string, body []byte, result any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://router/"+what, bytes.NewReader(body))
	if err != nil {
		return err
	}
	token.Show(request, filepath.Join(c.dir, tokenName))
	request.Header["Idempotency-Key"] = nil // not sent; says that it may be repeated when the router was restarted
	response, err := c.web.Do(request)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	if response.StatusCode != http.StatusOK {
		return errors.New("the router refused the request: " + strings.TrimSpace(string(content)))
	}
	return json.Unmarshal(content, result)
}
