package bus

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	startTimeout = time.Minute            // a large JetStream store takes its time
	startPoll    = 100 * time.Millisecond // between two looks at a server that starts; it may also fail then
	sweepEvery   = 250 * time.Millisecond // between two looks for users that were removed
)

// Serve runs a bus until ctx ends or the server cannot go on. Only one may run in a directory at a time; its shim
// sees to that.
func Serve(ctx context.Context, config Config) error {
	if err := config.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(config.Dir, usersDir), 0o755); err != nil {
		return fmt.Errorf("cannot make the directory of the bus: %w", err)
	}
	broker, err := server.NewServer(options(config))
	if err != nil {
		return fmt.Errorf("cannot set up the bus: %w", err)
	}
	log := newLogger(config.Log)
	broker.SetLoggerV2(log, false, false, false)
	defer broker.WaitForShutdown()
	defer broker.Shutdown()
	go broker.Start()
	if err := ready(ctx, broker, log); err != nil || ctx.Err() != nil {
		return err
	}
	return sweep(ctx, broker, config, log)
}

func options(config Config) *server.Options {
	return &server.Options{
		ServerName:                 "recipe-bus",
		Host:                       "127.0.0.1",
		Port:                       config.Port,
		NoSigs:                     true, // the process has its own handling
		JetStream:                  true,
		DisableJetStreamBanner:     true,
		StoreDir:                   config.Dir, // the server adds jetstream/
		CustomClientAuthentication: gate{config},
	}
}

// ready waits until the server accepts connections. It returns nil at the end of ctx.
func ready(ctx context.Context, broker *server.Server, log *logger) error {
	for end := time.Now().Add(startTimeout); !broker.ReadyForConnections(startPoll); {
		if err := log.failure(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the bus was not ready within %s", startTimeout)
		}
	}
	return log.failure()
}

// sweep closes the connections of users that are gone, until ctx ends or the server fails.
func sweep(ctx context.Context, broker *server.Server, config Config, log *logger) error {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-log.fatal:
			return err
		case <-ticker.C:
			if broker.NumClients() > 0 {
				closeStrangers(broker, config)
			}
		}
	}
}

func closeStrangers(broker *server.Server, config Config) {
	connections, err := broker.Connz(&server.ConnzOptions{Username: true, Limit: broker.NumClients() + 1})
	if err != nil {
		return // the server is shutting down
	}
	exists := map[string]bool{config.AdminUser: true}
	for _, c := range connections.Conns {
		name := c.AuthorizedUser
		if _, known := exists[name]; !known {
			found, err := hasUser(config.Dir, name)
			exists[name] = found || err != nil // what cannot be told changes nothing
		}
		if !exists[name] {
			broker.DisconnectClientByID(c.Cid) // fails if it has gone by itself
		}
	}
}

// gate decides who may log in. The server calls it from the goroutine of each connection.
type gate struct {
	config Config
}

// Check implements server.Authentication.
func (g gate) Check(client server.ClientAuthentication) bool {
	name, password := client.GetOpts().Username, client.GetOpts().Password
	if name == "" {
		return false
	}
	if name == g.config.AdminUser {
		return subtle.ConstantTimeCompare([]byte(password), []byte(g.config.AdminPassword)) == 1
	}
	return admits(g.config.Dir, name, password)
}

// logger takes the news of the server. A fatal one, such as a port that is taken, would end the process in the
// server's own logger; here it ends Serve.
type logger struct {
	out   *slog.Logger
	fatal chan error // the first one
}

var _ server.Logger = (*logger)(nil)

func newLogger(w io.Writer) *logger {
	if w == nil {
		w = io.Discard
	}
	return &logger{out: slog.New(slog.NewTextHandler(w, nil)), fatal: make(chan error, 1)}
}

// failure returns what was fatal so far, or nil.
func (l *logger) failure() error {
	select {
	case err := <-l.fatal:
		return err
	default:
		return nil
	}
}

func (l *logger) Noticef(format string, v ...any) { l.out.Info(fmt.Sprintf(format, v...)) }
func (l *logger) Warnf(format string, v ...any)   { l.out.Warn(fmt.Sprintf(format, v...)) }
func (l *logger) Errorf(format string, v ...any)  { l.out.Error(fmt.Sprintf(format, v...)) }
func (l *logger) Debugf(string, ...any)           {}
func (l *logger) Tracef(string, ...any)           {}

func (l *logger) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.out.Error(text)
	select {
	case l.fatal <- errors.New("the bus failed: " + text):
	default:
	}
}
