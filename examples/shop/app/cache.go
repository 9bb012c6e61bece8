package main

import (
	"context"
	"errors"
	"time"

	"github.com/gomodule/redigo/redis"
)

// cache remembers prices for a while. All keys begin with the prefix of our user, who may touch no others.
type cache struct {
	pool   *redis.Pool
	prefix string
}

func openCache(c cacheConfig) cache {
	return cache{prefix: c.prefix, pool: &redis.Pool{
		MaxIdle:     4,
		MaxActive:   32,
		Wait:        true,
		IdleTimeout: time.Minute,
		DialContext: func(ctx context.Context) (redis.Conn, error) {
			return redis.DialContext(ctx, "tcp", c.address,
				redis.DialUsername(c.username), redis.DialPassword(c.password),
				redis.DialConnectTimeout(2*time.Second), redis.DialReadTimeout(2*time.Second), redis.DialWriteTimeout(2*time.Second))
		},
	}}
}

func (c cache) close() error { return c.pool.Close() }

// get returns what is remembered under key; ok is false if there is nothing.
func (c cache) get(ctx context.Context, key string) (value []byte, ok bool, err error) {
	err = c.do(ctx, func(conn redis.Conn) (err error) {
		value, err = redis.Bytes(redis.DoContext(conn, ctx, "GET", c.prefix+key))
		return err
	})
	if errors.Is(err, redis.ErrNil) {
		return nil, false, nil
	}
	return value, err == nil, err
}

// set remembers value for some time.
func (c cache) set(ctx context.Context, key string, value []byte, keep time.Duration) error {
	return c.do(ctx, func(conn redis.Conn) error {
		_, err := redis.DoContext(conn, ctx, "SET", c.prefix+key, value, "PX", keep.Milliseconds())
		return err
	})
}

// ping asks whether the cache works.
func (c cache) ping(ctx context.Context) error {
	return c.once(ctx, func(conn redis.Conn) error {
		_, err := redis.DoContext(conn, ctx, "PING")
		return err
	})
}

// do repeats what failed because the connection did, or because the server is still loading its data.
func (c cache) do(ctx context.Context, use func(redis.Conn) error) error {
	return retry(ctx, func(err error) bool {
		var said redis.Error
		if errors.As(err, &said) {
			return len(said) > 7 && said[:7] == "LOADING"
		}
		return !errors.Is(err, redis.ErrNil)
	}, func(ctx context.Context) error { return c.once(ctx, use) })
}

func (c cache) once(ctx context.Context, use func(redis.Conn) error) error {
	conn, err := c.pool.GetContext(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() // hands it back to the pool, which drops broken ones
	return use(conn)
}
