package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/unixsocket"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/state"
)

// maxBody bounds a request: a plan of 10 000 components has some tens of megabytes.
const maxBody = 512 << 20

// socketPath is where the agent of a home listens.
func socketPath(home string) string { return filepath.Join(home, "agent.sock") }

// Serve answers clients until ctx ends or the agent has been idle for too long. It returns nil in both cases.
func (a *Agent) Serve(ctx context.Context) error {
	listener, err := unixsocket.Listen(socketPath(a.Home))
	if err != nil {
		return fmt.Errorf("cannot listen for clients: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var asked activity
	server := &http.Server{
		Handler:           asked.count(a.trusted(a.handler(stop))),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withPeer,
	}
	if err := a.serveMetrics(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	go a.watchIdle(ctx, &asked, stop)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ownersOnly{listener}) }()
	select {
	case err := <-ended:
		return fmt.Errorf("cannot serve clients: %w", err)
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		return server.Close() // followers do not end by themselves
	}
	return nil
}

// ownersOnly takes connections of the agent's own user, and of root, who could take over the agent anyway.
type ownersOnly struct{ *net.UnixListener }

func (l ownersOnly) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		uid, err := unixsocket.PeerUID(conn)
		if err == nil && (uid == os.Geteuid() || uid == 0) {
			return conn, nil
		}
		_ = conn.Close() // a stranger is not owed an answer
	}
}

// tokenPath is where the token of a home's agent is.
func tokenPath(home string) string { return filepath.Join(home, "agent.token") }

// trusted passes on what shows the token: a process in a sandbox may be of our user, and cannot. Figures are for everybody.
func (a *Agent) trusted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" && !a.token.Shown(r) {
			fail(w, &Problem{Kind: "not-trusted", Message: "the agent does not answer this process: it does not show what " + tokenPath(a.Home) + " holds",
				Hint: "A process in the sandbox of an instance cannot read that file, and is not to ask the agent: recipe works outside of it. A recipe of an older version does not know it."})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// peerKey is where a request's context has the unixsocket.Peer that sends it.
type peerKey struct{}

func withPeer(ctx context.Context, conn net.Conn) context.Context {
	if conn, ok := conn.(*net.UnixConn); ok {
		if peer, err := unixsocket.PeerOf(conn); err == nil {
			return context.WithValue(ctx, peerKey{}, peer)
		}
	}
	return ctx
}

// clientOf is who sent the request, nil if that cannot be told.
func clientOf(r *http.Request) *apply.Client {
	peer, ok := r.Context().Value(peerKey{}).(unixsocket.Peer)
	if !ok {
		return nil
	}
	return &apply.Client{UID: peer.UID, PID: peer.PID}
}

// activity counts requests, to tell when nobody wants anything.
type activity struct {
	open atomic.Int64
	last atomic.Int64 // when the last one ended, in nanoseconds since the epoch
}

func (c *activity) count(next http.Handler) http.Handler {
	c.last.Store(time.Now().UnixNano())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.open.Add(1)
		defer func() { c.last.Store(time.Now().UnixNano()); c.open.Add(-1) }()
		next.ServeHTTP(w, r)
	})
}

func (c *activity) idle(for_ time.Duration) bool {
	return c.open.Load() == 0 && time.Since(time.Unix(0, c.last.Load())) > for_
}

// watchIdle ends an agent that has nothing left to look after; its lock and socket files go with it.
func (a *Agent) watchIdle(ctx context.Context, asked *activity, stop func()) {
	if a.Idle <= 0 {
		return
	}
	ticker := time.NewTicker(max(a.Idle/4, 50*time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if asked.idle(a.Idle) && a.idle(ctx) {
			a.plugins.close() // before what is kept of them goes
			if err := os.RemoveAll(pluginsDir(a.Home)); err != nil {
				fmt.Fprintf(a.Log, "cannot tidy up: %s\n", err)
			}
			for _, name := range []string{"agent.sock", "agent.log", "agent.token", "vault.key", "plan.key", placeFile, "agent.lock", "stacks"} {
				if err := os.Remove(filepath.Join(a.Home, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
					fmt.Fprintf(a.Log, "cannot tidy up: %s\n", err)
				}
			}
			stop()
			return
		}
	}
}

func (a *Agent) handler(stop func()) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/shutdown", answer(func(r *http.Request) (any, error) {
		for _, s := range a.all() {
			if s.underWay() {
				return nil, &Problem{Kind: "busy", Message: fmt.Sprintf("a run of %s is under way", s.name)}
			}
		}
		a.idle(r.Context()) // a router without a stack would be left behind
		stop()
		return struct{}{}, nil
	}))
	mux.HandleFunc("GET /v1/version", answer(func(*http.Request) (any, error) {
		return VersionInfo{Version: a.Version, Build: a.Build, PID: os.Getpid(), Program: a.Program, Cgroups: a.cgroups.Offer()}, nil
	}))
	mux.HandleFunc("POST /v1/plan", answer(func(r *http.Request) (any, error) {
		q, err := body[PlanRequest](r)
		if err != nil {
			return nil, err
		}
		return a.plan(r.Context(), q)
	}))
	mux.HandleFunc("POST /v1/sources/prune", answer(func(r *http.Request) (any, error) {
		q, err := body[PruneSourcesRequest](r)
		if err != nil {
			return nil, err
		}
		return a.pruneSources(r.Context(), q)
	}))
	mux.HandleFunc("POST /v1/store/collect", answer(func(r *http.Request) (any, error) {
		q, err := body[CollectRequest](r)
		if err != nil {
			return nil, err
		}
		return a.collect(r.Context(), q)
	}))
	mux.HandleFunc("POST /v1/apply", a.handleApply)
	mux.HandleFunc("GET /v1/stacks/{name}/run", a.handleRun)
	mux.HandleFunc("POST /v1/stacks/{name}/run/stop", a.ofStack(func(s *stack, _ *http.Request) (any, error) { return struct{}{}, s.stopRun() }))
	mux.HandleFunc("GET /v1/stacks", answer(func(*http.Request) (any, error) { return a.stackInfos(), nil }))
	mux.HandleFunc("GET /v1/stacks/{name}", a.ofStack(func(s *stack, _ *http.Request) (any, error) { return s.info(), nil }))
	mux.HandleFunc("GET /v1/stacks/{name}/objects", a.ofStack(func(s *stack, _ *http.Request) (any, error) { return s.objects(), nil }))
	mux.HandleFunc("GET /v1/stacks/{name}/history", a.ofStack(func(s *stack, _ *http.Request) (any, error) { return s.book.Copy().Generations, nil }))
	mux.HandleFunc("GET /v1/stacks/{name}/outputs", a.ofStack(func(s *stack, r *http.Request) (any, error) {
		return outputInfos(s.book.Copy().Outputs, s.reveal, r.FormValue("secrets")), nil
	}))
	mux.HandleFunc("GET /v1/backups", answer(func(r *http.Request) (any, error) {
		if r.FormValue("instance") == "" {
			return a.shelves(r.FormValue("stack"))
		}
		at, err := addr.Parse(r.FormValue("instance"))
		if err != nil {
			return nil, &Problem{Message: err.Error()}
		}
		return a.backupsOf(r.FormValue("stack"), at)
	}))
	mux.HandleFunc("GET /v1/backups/content", a.handleBackupContent)
	mux.HandleFunc("GET /v1/backups/verify", answer(func(r *http.Request) (any, error) {
		at, err := addr.Parse(r.FormValue("instance"))
		if err != nil {
			return nil, &Problem{Message: err.Error()}
		}
		return a.verifyBackup(r.FormValue("stack"), at, r.FormValue("id"))
	}))
	mux.HandleFunc("POST /v1/backups/prune", answer(func(r *http.Request) (any, error) {
		return withBody(r, func(q PruneBackupsRequest) (any, error) { return a.pruneBackups(q) })
	}))
	mux.HandleFunc("POST /v1/stacks/{name}/backup", a.ofStack(func(s *stack, r *http.Request) (any, error) {
		return withBody(r, func(q BackupRequest) (any, error) { return a.backup(r.Context(), s, q) })
	}))
	mux.HandleFunc("POST /v1/stacks/{name}/restore", a.ofStack(func(s *stack, r *http.Request) (any, error) {
		return withBody(r, func(q BackupRequest) (any, error) { return a.restoreBackup(r.Context(), s, q) })
	}))
	mux.HandleFunc("POST /v1/stacks/{name}/restore/check", a.ofStack(func(s *stack, r *http.Request) (any, error) {
		return withBody(r, func(q BackupRequest) (any, error) { return a.checkRestore(s, q) })
	}))
	mux.HandleFunc("GET /v1/units", a.ofAny(func(stack string, _ *http.Request) any { return withUsage(a.units(stack)) }))
	mux.HandleFunc("GET /v1/routes", a.ofAny(func(stack string, r *http.Request) any { return a.routeInfos(r.Context(), stack) }))
	mux.HandleFunc("POST /v1/units/restart", a.handleUnits(a.restartUnits))
	mux.HandleFunc("POST /v1/units/stop", a.handleUnits(a.stopUnits))
	mux.HandleFunc("POST /v1/units/start", a.handleUnits(a.startUnits))
	mux.HandleFunc("POST /v1/units/take-over", a.handleUnits(a.takeOver))
	mux.HandleFunc("GET /v1/units/runs", answer(func(r *http.Request) (any, error) {
		return a.timed(r.Context(), UnitRequest{Stack: r.FormValue("stack"), Target: r.FormValue("target")})
	}))
	mux.HandleFunc("POST /v1/units/run-now", answer(func(r *http.Request) (any, error) {
		q, err := body[UnitRequest](r)
		if err != nil {
			return nil, err
		}
		return a.runNow(r.Context(), q)
	}))
	mux.HandleFunc("POST /v1/commands", a.handleCommand)
	mux.HandleFunc("GET /metrics", a.handleMetrics)
	mux.HandleFunc("GET /v1/events", a.handleEvents)
	mux.HandleFunc("GET /v1/logs", a.handleLogs)
	return mux
}

// ofAny answers of the stack that a request names, which has to be there, or of all with "".
func (a *Agent) ofAny(of func(stack string, r *http.Request) any) http.HandlerFunc {
	return answer(func(r *http.Request) (any, error) {
		stack := r.FormValue("stack")
		if stack != "" {
			if _, err := a.known(stack); err != nil {
				return nil, err
			}
		}
		return of(stack, r), nil
	})
}

func body[T any](r *http.Request) (T, error) {
	var v T
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody)).Decode(&v); err != nil {
		return v, &Problem{Message: fmt.Sprintf("the request cannot be read: %s", err)}
	}
	return v, nil
}

// withBody reads a request for a function that answers it.
func withBody[T any](r *http.Request, f func(T) (any, error)) (any, error) {
	q, err := body[T](r)
	if err != nil {
		return nil, err
	}
	return f(q)
}

// answer makes a handler of a function that returns what to answer.
func answer(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		if err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // the client has gone if it fails
	}
}

func fail(w http.ResponseWriter, err error) {
	var p *Problem
	if !errors.As(err, &p) {
		p = &Problem{Message: err.Error(), Hint: lackHint(err.Error())}
	}
	status := http.StatusInternalServerError
	switch p.Kind {
	case "not-found":
		status = http.StatusNotFound
	case "not-trusted":
		status = http.StatusUnauthorized
	case "busy", "stale", "other-directory":
		status = http.StatusConflict
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(p)
}

func (a *Agent) ofStack(f func(*stack, *http.Request) (any, error)) http.HandlerFunc {
	return answer(func(r *http.Request) (any, error) {
		s, err := a.findApplied(r.PathValue("name"))
		if err != nil {
			return nil, err
		}
		return f(s, r)
	})
}

func (a *Agent) handleUnits(act func(context.Context, UnitRequest) (UnitAnswer, error)) http.HandlerFunc {
	return answer(func(r *http.Request) (any, error) {
		q, err := body[UnitRequest](r)
		if err != nil {
			return nil, err
		}
		return act(r.Context(), q)
	})
}

func (a *Agent) handleApply(w http.ResponseWriter, r *http.Request) {
	q, err := body[ApplyRequest](r)
	if err != nil {
		fail(w, err)
		return
	}
	n, err := a.begin(q, clientOf(r))
	if err != nil {
		fail(w, err)
		return
	}
	stream(w, r, n.follow)
}

func (a *Agent) handleRun(w http.ResponseWriter, r *http.Request) {
	s, err := a.find(r.PathValue("name"))
	if err != nil {
		fail(w, err)
		return
	}
	s.beginning.Lock() // the run may be recorded already, and its news not there yet
	s.mu.Lock()
	n := s.news
	s.mu.Unlock()
	s.beginning.Unlock()
	if n == nil || !s.underWay() {
		fail(w, &Problem{Message: fmt.Sprintf("no run of %s is under way", s.name), Kind: "not-found"})
		return
	}
	stream(w, r, n.follow)
}

func (a *Agent) handleEvents(w http.ResponseWriter, r *http.Request) {
	stream(w, r, func(ctx context.Context, tell func(Event) error) error {
		return a.events.tell(ctx, r.FormValue("stack"), r.FormValue("follow") != "", tell)
	})
}

func (a *Agent) handleLogs(w http.ResponseWriter, r *http.Request) {
	lines, err := strconv.Atoi(r.FormValue("lines"))
	if err != nil {
		lines = 100
	}
	begun := false
	tell := streamer[LogLine](w)
	err = a.logs(r.Context(), r.FormValue("stack"), r.FormValue("component"), lines, r.FormValue("follow") != "", func(l LogLine) error {
		begun = true
		return tell(l)
	})
	if err != nil && !begun {
		fail(w, err)
	}
}

// stream answers with one JSON object a line, each sent at once.
func stream[T any](w http.ResponseWriter, r *http.Request, follow func(context.Context, func(T) error) error) {
	_ = follow(r.Context(), streamer[T](w)) // it ends early only when the client has gone
}

func streamer[T any](w http.ResponseWriter) func(T) error {
	w.Header().Set("Content-Type", "application/jsonl")
	encoder := json.NewEncoder(w)
	flusher := http.NewResponseController(w)
	return func(v T) error {
		if err := encoder.Encode(v); err != nil {
			return err
		}
		return flusher.Flush()
	}
}

func (a *Agent) stackInfos() []StackInfo {
	infos := []StackInfo{}
	for _, s := range a.all() {
		if info := s.info(); info.Generation > 0 || info.Running {
			infos = append(infos, info)
		}
	}
	return infos
}

func (s *stack) info() (info StackInfo) {
	s.book.View(func(st *state.State, r *apply.Run) {
		info = StackInfo{Name: s.name, Directory: st.Directory, Generation: st.Generation(), Serial: st.Serial, Running: r != nil}
		for _, o := range st.Objects {
			if o.Type != "" {
				info.Resources++
			}
		}
		if n := len(st.Generations); n > 0 {
			info.Changed = st.Generations[n-1].Time
		}
	})
	return info
}

func (s *stack) objects() []*state.Object {
	list := []*state.Object{}
	for _, o := range s.book.Copy().Objects {
		if o.Type != "" {
			list = append(list, o)
		}
	}
	sortObjects(list)
	return list
}
