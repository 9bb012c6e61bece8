package check

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomodule/redigo/redis"
)

// Redis succeeds when the user can log in and PING is answered +PONG; a server that is still loading its data
// answers an error.
type Redis struct {
	Port     int
	Username string // "" is the user "default"
	Password string // "" with no Username: no login
}

// Run implements Check.
func (c Redis) Run(ctx context.Context) error {
	raw, err := dial(ctx, c.Port)
	if err != nil {
		return err
	}
	conn := redis.NewConn(raw, 0, 0)
	defer conn.Close()
	if err := c.login(conn); err != nil {
		return c.explain(ctx, "login failed", err)
	}
	answer, err := redis.String(conn.Do("PING"))
	if err != nil {
		return c.explain(ctx, "PING failed", err)
	}
	if answer != "PONG" {
		return fmt.Errorf("port %d answered PING with something else: it is not Redis", c.Port)
	}
	return nil
}

func (c Redis) login(conn redis.Conn) error {
	var err error
	switch {
	case c.Username != "":
		_, err = conn.Do("AUTH", c.Username, c.Password)
	case c.Password != "":
		_, err = conn.Do("AUTH", c.Password)
	}
	return err
}

// explain passes on what the server said.
func (c Redis) explain(ctx context.Context, what string, err error) error {
	var said redis.Error
	if errors.As(err, &said) {
		return fmt.Errorf("%s: %s", what, said)
	}
	return explain(ctx, c.Port, err)
}
