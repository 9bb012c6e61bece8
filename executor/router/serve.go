package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/unixsocket"
)

const (
	socketName = "router.sock"
	tableName  = "table"
	tableLimit = 64 << 20 // bytes of a table in a request
)

// Serve is the process `recipe router`: it forwards what the last table in dir says and takes new tables, until ctx
// ends or it cannot go on. Only one may run in a directory at a time; its shim sees to that. Connections that are
// being forwarded when it returns end with the process.
func Serve(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the directory of the router: %w", err)
	}
	s := &server{plane: newPlane(), files: disk.OS{}, path: filepath.Join(dir, tableName)}
	defer s.plane.close()
	s.restore()
	l, err := unixsocket.Listen(filepath.Join(dir, socketName))
	if err != nil {
		return err
	}
	web := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { web.Close() })()
	if err := web.Serve(ownListener{l}); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the router cannot take tables any more: %w", err)
	}
	return nil
}

// server takes tables.
type server struct {
	plane *plane
	files disk.FS
	path  string // of the table on disk

	mu sync.Mutex // one table at a time: on disk must be the one that is served
}

// restore begins with the table on disk. With a damaged one it begins empty: the agent sends its own soon, and a
// router that refuses to run could not take it.
func (s *server) restore() {
	t, err := loadTable(s.files, s.path)
	if err != nil {
		slog.Warn("the router begins without a table", "error", err)
		return
	}
	for _, f := range s.plane.set(t) {
		slog.Warn("cannot listen for an endpoint", "endpoint", f.Name, "error", f.Reason)
	}
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /table", s.putTable)
	mux.HandleFunc("POST /drain", s.drain)
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.plane.stats()) })
	return mux
}

func (s *server) putTable(w http.ResponseWriter, r *http.Request) {
	var t Table
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, tableLimit)).Decode(&t); err != nil {
		http.Error(w, "the table cannot be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	if err := t.check(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer(w, s.set(t))
}

// set serves the table first and saves it then: traffic does not wait for the disk, nor does a full disk stop it.
func (s *server) set(t Table) Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	report := Report{Failed: s.plane.set(t)}
	if err := saveTable(s.files, s.path, t); err != nil {
		report.Unsaved = err.Error()
	}
	return report
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value) // fails when the agent has gone: nobody is left to tell
}

// ownListener accepts connections of our own user only.
type ownListener struct {
	*net.UnixListener
}

func (l ownListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if uid, err := unixsocket.PeerUID(conn); err == nil && uid == os.Getuid() {
			return conn, nil
		}
		conn.Close()
	}
}
