//go:build unix

package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/token"
	"github.com/nsynapse/recipe/executor/unixsocket"
)

// Holder keeps copies of what the router listens with, for the case that it is killed. Make it with NewHolder. It is safe for
// concurrent use.
type Holder struct {
	dir string

	mu     sync.Mutex
	copies map[handle]int // descriptors, which package net does not know: it would watch them
	web    *http.Server   // gives them to a new router; nil until there was one
	giveUp *time.Timer    // closes them; nil while a router accepts
	closed bool
}

// NewHolder returns a Holder without copies for the router in dir.
func NewHolder(dir string) *Holder { return &Holder{dir: dir, copies: map[handle]int{}} }

// Drop closes the copies of what is not in t. It is called before the router gets t.
func (h *Holder) Drop(t Table) { h.keep(t.handles()) }

func (h *Holder) keep(wanted map[handle]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for one, fd := range h.copies {
		if !wanted[one] {
			closeAll([]int{fd})
			delete(h.copies, one)
		}
	}
}

// Hold gets copies of what is new in t, which the router has just taken with the report r. It must not be called by two
// goroutines at a time.
func (h *Holder) Hold(ctx context.Context, t Table, r Report) error {
	wanted := t.handles()
	maps.DeleteFunc(wanted, func(one handle, _ bool) bool { // what it cannot have because of a copy, it will have without that
		return slices.ContainsFunc(r.Failed, func(f Failure) bool { return f.Port == one.port() })
	})
	h.keep(wanted)
	missing, err := h.served(wanted)
	if err != nil || len(missing) == 0 {
		return err
	}
	conn, err := unixsocket.Dial(ctx, filepath.Join(h.dir, socketName))
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(askTimeout))
	body, err := json.Marshal(missing)
	if err != nil {
		return err
	}
	got, fds, err := fetch(conn, h.dir, "copies", body)
	if err != nil {
		return fmt.Errorf("cannot get copies of what the router listens with: %w", err)
	}
	h.add(got.Listeners, fds)
	return nil
}

// served notes that a router accepts, and returns what there are no copies of.
func (h *Holder) served(wanted map[handle]bool) (missing []handle, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopTimer()
	for one := range wanted {
		if _, ok := h.copies[one]; !ok {
			missing = append(missing, one)
		}
	}
	if len(missing) == 0 || h.web != nil || h.closed {
		return missing, nil
	}
	l, err := unixsocket.Listen(filepath.Join(h.dir, holdName))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /copies", h.give)
	h.web = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go h.web.Serve(ownListener{l})
	return missing, nil
}

func (h *Holder) add(listeners []handle, fds []int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, one := range listeners {
		if _, ok := h.copies[one]; ok || h.closed {
			closeAll(fds[i : i+1])
			continue
		}
		h.copies[one] = fds[i]
	}
}

// Await says that no router accepts. If Hold is not called within holdFor the copies are closed: who connects is better refused
// than kept waiting.
func (h *Holder) Await() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.giveUp == nil && !h.closed {
		h.giveUp = time.AfterFunc(holdFor, func() { h.Drop(Table{}) })
	}
}

// stopTimer has nothing closed later. mu is held.
func (h *Holder) stopTimer() {
	if h.giveUp != nil {
		h.giveUp.Stop()
		h.giveUp = nil
	}
}

// End closes all copies, and the socket, until Hold is called again.
func (h *Holder) End() { h.end(false) }

// Close closes all copies for good.
func (h *Holder) Close() { h.end(true) }

func (h *Holder) end(closed bool) {
	h.Drop(Table{})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = h.closed || closed
	h.stopTimer()
	if h.web != nil {
		h.web.Close()
		h.web = nil
	}
}

// give answers a new router.
func (h *Holder) give(w http.ResponseWriter, r *http.Request) {
	t, err := token.Load(disk.OS{}, filepath.Join(h.dir, tokenName)) // that the router has made
	if err != nil || !t.Shown(r) {
		http.Error(w, "it does not show what "+tokenName+" holds", http.StatusUnauthorized)
		return
	}
	answerCopies(w, func(conn *net.UnixConn) error {
		h.mu.Lock() // none is closed meanwhile
		defer h.mu.Unlock()
		var said handed
		var fds []int
		for one, fd := range h.copies {
			said.Listeners, fds = append(said.Listeners, one), append(fds, fd)
		}
		if err := say(conn, said); err != nil {
			return err
		}
		for some := range slices.Chunk(fds, descriptors) {
			if err := sendDescriptors(conn, some); err != nil {
				return err
			}
		}
		return nil
	})
}

// answerCopies has send answer with descriptors. Who gets fewer than it was told of notices.
func answerCopies(w http.ResponseWriter, send func(*net.UnixConn) error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(askTimeout))
	if err := send(conn.(*net.UnixConn)); err != nil {
		slog.Warn("cannot give copies of listeners", "error", err)
	}
}

// copies gives the agent copies of the listeners that it asks for, as far as they are there.
func (s *server) copies(w http.ResponseWriter, r *http.Request) {
	var list []handle
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, tableLimit)).Decode(&list); err != nil {
		http.Error(w, "the list cannot be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	wanted := map[handle]bool{}
	for _, one := range list {
		wanted[one] = true
	}
	answerCopies(w, func(conn *net.UnixConn) error {
		var said handed
		var listeners []syscall.Conn
		_, handles, all := s.plane.hand()
		for i, one := range handles {
			if wanted[one] {
				said.Listeners, listeners = append(said.Listeners, one), append(listeners, all[i])
			}
		}
		if err := say(conn, said); err != nil {
			return err
		}
		return sendListeners(conn, listeners)
	})
}

// held returns the listeners that the agent has kept of a router that was killed; nil without any. What it cannot get is no
// reason not to start: it is tried as if nobody had kept it, again and again.
func held(dir string) *inherited {
	conn, err := unixsocket.Dial(context.Background(), filepath.Join(dir, holdName))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil
	}
	var got *inherited
	if err == nil {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(handTimeout))
		got, err = receive(conn, dir, "copies", []byte("[]"))
	}
	if err != nil {
		slog.Warn("cannot take over what the agent has kept", "error", err)
	}
	return got
}
