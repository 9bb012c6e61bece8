package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
)

// manager speaks with a manager of systemd over a connection of its own. Its methods are safe for concurrent use.
type manager struct {
	socket string

	mu      sync.Mutex
	conn    *dbus.Conn                               // nil before the first call
	waiting map[godbus.ObjectPath]map[chan bool]bool // who is told of changes, by unit
}

// socket is where the manager of this user listens: the machine's for root, otherwise that of the user. It is the one that
// systemctl uses; a message bus need not run.
func socket() string {
	if os.Getuid() == 0 {
		return "/run/systemd/private"
	}
	return fmt.Sprintf("/run/user/%d/systemd/private", os.Getuid())
}

func newManager(socket string) *manager {
	return &manager{socket: socket, waiting: map[godbus.ObjectPath]map[chan bool]bool{}}
}

// connected returns the connection, and makes one if there is none or it is broken: systemd closes it when it is executed anew.
func (m *manager) connected() (*dbus.Conn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conn != nil && m.conn.Connected() {
		return m.conn, nil
	}
	conn, err := dbus.NewConnection(m.dial)
	if err != nil {
		return nil, m.unreachable(err)
	}
	if m.conn != nil {
		m.conn.Close()
	}
	m.conn = conn
	return conn, nil
}

func (m *manager) dial() (*godbus.Conn, error) {
	conn, err := godbus.Dial("unix:path=" + godbus.EscapeBusAddressValue(m.socket))
	if err != nil {
		return nil, err
	}
	if err := conn.Auth([]godbus.Auth{godbus.AuthExternal(strconv.Itoa(os.Getuid()))}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := greet(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	news := make(chan *godbus.Signal, 256)
	conn.Signal(news)
	go m.pass(news)
	return conn, nil
}

// greet returns when systemd answers. A message that arrives together with the end of the authentication lies in its buffer until
// another one arrives, so it is asked again.
func greet(conn *godbus.Conn) (err error) {
	for range 20 {
		ctx, cancel := context.WithTimeout(context.Background(), 250*time.Millisecond)
		err = conn.Object("org.freedesktop.systemd1", "/org/freedesktop/systemd1").CallWithContext(ctx, "org.freedesktop.DBus.Peer.Ping", 0).Err
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	return fmt.Errorf("it does not answer: %w", err)
}

// unreachable says what to do about a machine or a user without a manager.
func (m *manager) unreachable(err error) error {
	way := "does systemd run this machine? (systemctl is-system-running)"
	if os.Getuid() != 0 {
		way = fmt.Sprintf("a manager of one's own runs while one is logged in, or always after: loginctl enable-linger %d", os.Getuid())
	}
	return fmt.Errorf("no manager of systemd answers: %w; %s", err, way)
}

// pass tells those who wait for a unit that it has changed, until the connection ends: to a connection of one's own systemd sends
// all news, unasked.
func (m *manager) pass(news <-chan *godbus.Signal) {
	for n := range news {
		if n.Name != "org.freedesktop.DBus.Properties.PropertiesChanged" {
			continue
		}
		m.mu.Lock()
		for w := range m.waiting[n.Path] {
			select {
			case w <- true:
			default: // it has not looked yet since the last one
			}
		}
		m.mu.Unlock()
	}
}

// object is the unit in the interface of systemd.
func object(name string) godbus.ObjectPath {
	return godbus.ObjectPath("/org/freedesktop/systemd1/unit/" + dbus.PathBusEscape(name))
}

// changes returns a channel that has something in it whenever a unit has changed, until stop is called.
func (m *manager) changes(name string) (changed <-chan bool, stop func()) {
	w, of := make(chan bool, 1), object(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting[of] == nil {
		m.waiting[of] = map[chan bool]bool{}
	}
	m.waiting[of][w] = true
	return w, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.waiting[of], w)
		if len(m.waiting[of]) == 0 {
			delete(m.waiting, of)
		}
	}
}

// start makes a unit and starts it. It returns when its program runs, or why it does not; made tells whether there is a unit.
func (m *manager) start(ctx context.Context, u unit) (made bool, err error) {
	conn, err := m.connected()
	if err != nil {
		return false, err
	}
	done := make(chan string, 1)
	if _, err := conn.StartTransientUnitContext(ctx, u.name, "fail", u.properties, done); err != nil {
		return false, fmt.Errorf("systemd does not make the unit %s: %w", u.name, err)
	}
	return true, m.await(ctx, u.name, done, status.starting)
}

// stop ends a unit with all its processes, and forgets that it has failed.
func (m *manager) stop(ctx context.Context, name string) error {
	conn, err := m.connected()
	if err != nil {
		return err
	}
	done := make(chan string, 1)
	if _, err := conn.StopUnitContext(ctx, name, "replace", done); err != nil && !unknown(err) {
		return fmt.Errorf("systemd does not stop the unit %s: %w", name, err)
	} else if err == nil {
		if err := m.await(ctx, name, done, status.ending); err != nil {
			return err
		}
	}
	if err := conn.ResetFailedUnitContext(ctx, name); err != nil && !unknown(err) {
		return fmt.Errorf("systemd does not forget the unit %s: %w", name, err)
	}
	return nil
}

// await returns when the job is done, or when its unit is no more as pending says: the connection may break, and with it go
// the news of the job.
func (m *manager) await(ctx context.Context, name string, done <-chan string, pending func(status) bool) error {
	changed, stop := m.changes(name)
	defer stop()
	for {
		select {
		case <-done:
			return nil
		case <-changed:
		case <-tick():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if s, err := m.status(ctx, name); err != nil {
			return err
		} else if !pending(s) {
			return nil
		}
	}
}

// unknown reports whether systemd knows no such unit.
func unknown(err error) bool {
	var e godbus.Error
	return errors.As(err, &e) && e.Name == "org.freedesktop.systemd1.NoSuchUnit"
}
