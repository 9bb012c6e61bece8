package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// NATS succeeds when the user can log in and the server answers a ping after that.
type NATS struct {
	Port     int
	Username string
	Password string
}

// natsLimit bounds a run, because the client asks for a bound that it can know beforehand.
const natsLimit = 30 * time.Second

// Run implements Check.
func (c NATS) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, natsLimit)
	defer cancel()
	raw, err := dial(ctx, c.Port) // the client would not say why it cannot connect
	if err != nil {
		return err
	}
	defer raw.Close()
	options := nats.GetDefaultOptions()
	options.Url = "nats://" + address(c.Port)
	options.Name = "recipe check"
	options.User, options.Password = c.Username, c.Password
	options.AllowReconnect = false
	options.Timeout = natsLimit // ctx ends earlier and closes the connection
	options.CustomDialer = dialed{raw}
	options.AsyncErrorCB = func(*nats.Conn, *nats.Subscription, error) {} // the default one writes to our stderr
	conn, err := options.Connect()
	if err != nil {
		return c.explain(ctx, err)
	}
	defer conn.Close()
	if err := conn.FlushWithContext(ctx); err != nil {
		return c.explain(ctx, err)
	}
	return nil
}

func (c NATS) explain(ctx context.Context, err error) error {
	if errors.Is(err, nats.ErrAuthorization) {
		return fmt.Errorf("login failed: wrong username or password for %s", c.Username)
	}
	if explained := explain(ctx, c.Port, err); explained != err {
		return explained
	}
	return errors.New(strings.TrimPrefix(err.Error(), "nats: "))
}

// dialed hands a connection that is open already to the client.
type dialed struct {
	conn net.Conn
}

func (d dialed) Dial(string, string) (net.Conn, error) { return d.conn, nil }
