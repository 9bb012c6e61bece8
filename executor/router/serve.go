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
	"github.com/nsynapse/recipe/executor/token"
	"github.com/nsynapse/recipe/executor/unixsocket"
)

const (
	socketName = "router.sock"
	tokenName  = "router.token"
	tableName  = "table"
	tableLimit = 64 << 20 // bytes of a table in a request
)

// ErrRetired means that another router has taken over, and all connections of this one have ended.
var ErrRetired = errors.New("another router has taken over")

// RetiredCode is the exit status of a router that has retired.
const RetiredCode = 3

// retiredLook is how often a router that has retired looks whether its connections have ended.
const retiredLook = 50 * time.Millisecond

// Serve is the process `recipe router`: it forwards what the last table in dir says and takes new tables, until ctx
// ends or it cannot go on. Where another one answers it takes over from it: that one returns ErrRetired when its last
// connection has ended. Build tells this program from others; Stats has it. Connections that are being forwarded when Serve
// returns otherwise end with the process.
func Serve(ctx context.Context, dir, build string) error {
	s := &server{plane: newPlane(), files: disk.OS{}, path: filepath.Join(dir, tableName), build: build, successor: make(chan struct{})}
	defer s.plane.close()
	if err := s.start(dir); err != nil {
		return err
	}
	web := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { web.Close() })()
	go func() {
		select {
		case <-s.successor:
			web.Close() // who asks comes back and meets the successor
		case <-ctx.Done():
		}
	}()
	if err := web.Serve(ownListener{s.control}); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the router cannot take tables any more: %w", err)
	}
	if ctx.Err() != nil {
		return nil
	}
	defer s.toSuccessor.Close() // which tells it that nothing is left
	return s.retire(ctx)
}

// start brings everything up: with what an elder hands over, else with the table on disk and what the agent has kept.
func (s *server) start(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the directory of the router: %w", err)
	}
	unlock, err := lockStart(dir)
	if err != nil {
		return err
	}
	defer unlock()
	if s.token, err = token.Load(s.files, filepath.Join(dir, tokenName)); err != nil {
		return err
	}
	got, err := takeOver(dir)
	if err != nil {
		return err
	}
	if got == nil {
		s.plane.inherit(held(dir))
		s.restore()
		s.control, err = unixsocket.Listen(filepath.Join(dir, socketName))
		return err
	}
	s.control = got.control
	s.plane.inherit(got)
	for _, f := range s.plane.set(got.table) {
		slog.Warn("cannot listen for an endpoint", "endpoint", f.Name, "error", f.Reason)
	}
	s.elders.add(got.elder)
	return got.served()
}

// retire waits until the connections have ended, those of elders too.
func (s *server) retire(ctx context.Context) error {
	tick := time.NewTicker(retiredLook)
	defer tick.Stop()
	for !s.plane.idle() || !s.elders.none() {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	return ErrRetired
}

// server takes tables.
type server struct {
	plane *plane
	files disk.FS
	path  string // of the table on disk
	token token.Token
	build string

	control   *net.UnixListener
	successor chan struct{} // closed when another router has taken over
	elders    elders

	toSuccessor net.Conn // set before successor is closed

	mu      sync.Mutex // one table at a time: on disk must be the one that is served
	retired bool       // the table is the successor's
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
	mux.HandleFunc("POST /handover", s.handover)
	mux.HandleFunc("POST /copies", s.copies)
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		stats := s.plane.stats()
		stats.Build, stats.PID = s.build, os.Getpid()
		answer(w, stats)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.token.Shown(r) {
			http.Error(w, "it does not show what "+tokenName+" holds", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
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
	report, ok := s.set(t)
	if !ok {
		panic(http.ErrAbortHandler) // as if nobody were here: the successor will answer
	}
	answer(w, report)
}

// set serves the table first and saves it then: traffic does not wait for the disk, nor does a full disk stop it.
func (s *server) set(t Table) (r Report, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.retired {
		return r, false
	}
	report := Report{Failed: s.plane.set(t)}
	if err := saveTable(s.files, s.path, t); err != nil {
		report.Unsaved = err.Error()
	}
	s.elders.ask(askOld{Table: &t})
	return report, true
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
