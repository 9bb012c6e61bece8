package main

import (
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	godbus "github.com/godbus/dbus/v5"
)

// A recorder passes messages between executor and systemd, and keeps those that are about its units.
type recorder struct {
	socket  string // of systemd
	replace *strings.Replacer

	mu    sync.Mutex
	said  recording
	asked map[*peer]map[uint32]int // where answers go, by the serial of the call
}

// record listens in place of systemd and returns where.
func (r *recorder) record(t *testing.T) string {
	r.asked = map[*peer]map[uint32]int{}
	return listen(t, func(client peer) {
		systemd, err := dial(r.socket)
		if err != nil {
			t.Error(err)
			return
		}
		defer systemd.Close()
		go func() {
			defer client.Close()
			pass(systemd, client, func(f frame) { r.heard(&client, f) })
		}()
		pass(client, systemd, func(f frame) { r.called(&client, f) })
	})
}

// listen serves each connection to a new socket until the test ends.
func listen(t *testing.T, serve func(peer)) string {
	socket := filepath.Join(shortDir(t), "private")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			all.Go(func() {
				defer c.Close()
				if p, err := accept(c); err == nil {
					serve(p)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return socket
}

// pass hands messages on until one end is closed.
func pass(from, to peer, keep func(frame)) {
	for {
		f, err := from.read()
		if err != nil {
			return
		}
		keep(f)
		if _, err := to.Write(f.bytes); err != nil {
			return
		}
	}
}

// step notes what the test does.
func (r *recorder) step(words string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, entry{kind: '#', name: words})
}

// passing are calls of the library's own, whose answers nobody looks at.
func passing(method string) bool {
	return strings.HasPrefix(method, "org.freedesktop.DBus.") && !strings.HasSuffix(method, ".GetAll")
}

func (r *recorder) called(c *peer, f frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.Type != godbus.TypeMethodCall || passing(member(f.Message)) {
		return
	}
	if r.asked[c] == nil {
		r.asked[c] = map[uint32]int{}
	}
	r.said = append(r.said, r.entry('>', f.Message), entry{kind: '<'})
	r.asked[c][f.Serial()] = len(r.said) - 1
}

func (r *recorder) heard(c *peer, f frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.Type == godbus.TypeSignal {
		r.signalled(f)
		return
	}
	serial, _ := f.Headers[godbus.FieldReplySerial].Value().(uint32)
	at, ok := r.asked[c][serial]
	if !ok {
		return
	}
	delete(r.asked[c], serial)
	r.said[at].arguments = r.named(valueTexts(f.Body))
	if f.Type == godbus.TypeError {
		r.said[at].kind, r.said[at].name = '!', header(f.Message, godbus.FieldErrorName)
	}
}

// signalled keeps a signal about our unit; each comes over both connections of the library, and only one is kept.
func (r *recorder) signalled(f frame) {
	e := r.entry('*', f.Message)
	if len(e.arguments) == 3 && strings.HasSuffix(e.name, ".PropertiesChanged") {
		e.arguments[2] = "@as []" // what has another value that is not told
	}
	if !strings.Contains(e.String(), "UNIT") || len(e.arguments) > 1 && e.arguments[1] == "@a{sv} {}" {
		return
	}
	for i := len(r.said) - 1; i >= 0 && r.said[i].kind == '*'; i-- {
		if r.said[i].String() == e.String() {
			return
		}
	}
	r.said = append(r.said, e)
}

func (e entry) String() string { return recording{e}.String() }

func (r *recorder) entry(kind byte, m *godbus.Message) entry {
	return entry{kind: kind, name: member(m), object: r.replace.Replace(header(m, godbus.FieldPath)), arguments: r.named(valueTexts(m.Body))}
}

func (r *recorder) named(texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, r.replace.Replace(text))
	}
	return all
}
