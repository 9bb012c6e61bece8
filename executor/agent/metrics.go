package agent

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/metrics"
	"github.com/nsynapse/recipe/executor/router"
)

// routerTime bounds the question for the router's figures: without them the others are told.
const routerTime = 2 * time.Second

// handleMetrics answers GET /metrics.
func (a *Agent) handleMetrics(w http.ResponseWriter, r *http.Request) {
	var text metrics.Writer
	text.Family("recipe_build_info", metrics.Gauge, "The agent, by its version.")
	text.Sample(1, metrics.Labels{"version", a.Version})
	processMetrics(&text, withUsage(a.units("")))
	a.runMetrics(&text)
	ctx, cancel := context.WithTimeout(r.Context(), routerTime)
	defer cancel()
	stats, err := a.routes.client.Stats(ctx)
	text.Family("recipe_router_up", metrics.Gauge, "Whether the router answers; without an endpoint there is none.")
	if err == nil {
		text.Sample(1, nil)
		endpointMetrics(&text, stats.Endpoints)
		routeMetrics(&text, stats)
	} else {
		text.Sample(0, nil)
	}
	w.Header().Set("Content-Type", metrics.ContentType)
	_, _ = w.Write(text.Bytes()) // the client has gone if it fails
}

// A figure is one family over many things of a kind.
type figure[T any] struct {
	name, kind, help string
	value            func(T) float64
}

func tellAll[T any](w *metrics.Writer, figures []figure[T], things []T, labels func(T) metrics.Labels) {
	for _, f := range figures {
		w.Family(f.name, f.kind, f.help)
		for _, thing := range things {
			w.Sample(f.value(thing), labels(thing))
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func processMetrics(w *metrics.Writer, units []UnitInfo) {
	units = slices.DeleteFunc(slices.Clone(units), func(u UnitInfo) bool { return u.Run > 0 }) // else each run would make figures of its own
	labels := func(u UnitInfo) metrics.Labels {
		return metrics.Labels{"stack", u.Stack, "component", u.Component, "process", u.Address}
	}
	tellAll(w, []figure[UnitInfo]{
		{"recipe_process_up", metrics.Gauge, "Whether the process runs.", func(u UnitInfo) float64 { return truth(u.PID != 0) }},
		{"recipe_process_ready", metrics.Gauge, "Whether the process does its work.", func(u UnitInfo) float64 { return truth(u.Ready) }},
		{"recipe_process_restarts_total", metrics.Counter, "Restarts since the agent knows the process.", func(u UnitInfo) float64 { return float64(u.Restarts) }},
		{"recipe_process_cpu_seconds_total", metrics.Counter, "CPU time of the process and all that it started.", func(u UnitInfo) float64 { return u.CPU }},
		{"recipe_process_memory_bytes", metrics.Gauge, "Resident memory of the process and all that it started.", func(u UnitInfo) float64 { return float64(u.Memory) }},
	}, units, labels)
	w.Family("recipe_process_role", metrics.Gauge, "The role of the process, if its component has backups: primary or backup.")
	for _, u := range units {
		if u.Role != "" {
			w.Sample(1, labels(u).With("role", u.Role))
		}
	}
	w.Family("recipe_process_state", metrics.Gauge, "The state of the process, as recipe ps names it.")
	for _, u := range units {
		w.Sample(1, labels(u).With("state", u.State))
	}
}

func endpointMetrics(w *metrics.Writer, endpoints []router.EndpointStats) {
	type stats = router.EndpointStats
	tellAll(w, []figure[stats]{
		{"recipe_endpoint_ready", metrics.Gauge, "Ready instances behind the endpoint.", func(s stats) float64 { return float64(s.Ready) }},
		{"recipe_endpoint_connections", metrics.Gauge, "Connections that are open.", func(s stats) float64 { return float64(s.Open) }},
		{"recipe_endpoint_waiting", metrics.Gauge, "Connections that wait for a ready instance.", func(s stats) float64 { return float64(s.Waiting) }},
		{"recipe_endpoint_connections_total", metrics.Counter, "Connections so far.", func(s stats) float64 { return float64(s.Accepted) }},
		{"recipe_endpoint_refused_total", metrics.Counter, "Connections that found no ready instance in time.", func(s stats) float64 { return float64(s.Refused) }},
	}, endpoints, func(s stats) metrics.Labels { return metrics.Labels{"endpoint", s.Name} })
}

// runs counts how runs ended since the agent started. It is safe for concurrent use; its zero value is empty.
type runs struct {
	mu    sync.Mutex
	ended []endedRuns
}

type endedRuns struct {
	stack, result string
	count         int
}

func (r *runs) count(stack, result string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.ended {
		if e := &r.ended[i]; e.stack == stack && e.result == result {
			e.count++
			return
		}
	}
	r.ended = append(r.ended, endedRuns{stack, result, 1})
}

func (r *runs) all() []endedRuns {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]endedRuns(nil), r.ended...)
}

func (a *Agent) runMetrics(w *metrics.Writer) {
	w.Family("recipe_runs_total", metrics.Counter, "Runs that have ended since the agent started, by how: done, undone, stopped or error.")
	for _, e := range a.runs.all() {
		w.Sample(float64(e.count), metrics.Labels{"stack", e.stack, "result", e.result})
	}
	infos := a.stackInfos()
	tellAll(w, []figure[StackInfo]{
		{"recipe_run_under_way", metrics.Gauge, "Whether a run of the stack is under way.", func(s StackInfo) float64 { return truth(s.Running) }},
		{"recipe_generation", metrics.Counter, "The last generation of the stack.", func(s StackInfo) float64 { return float64(s.Generation) }},
		{"recipe_resources", metrics.Gauge, "Resources of the stack.", func(s StackInfo) float64 { return float64(s.Resources) }},
	}, infos, func(s StackInfo) metrics.Labels { return metrics.Labels{"stack", s.Name} })
}

// serveMetrics answers GET /metrics on a port of this machine alone until ctx ends. "" is nowhere.
func (a *Agent) serveMetrics(ctx context.Context) error {
	if a.Metrics == "" {
		return nil
	}
	if err := CheckMetrics(a.Metrics); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", a.Metrics)
	if err != nil {
		return fmt.Errorf("cannot listen for those who ask for metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", a.handleMetrics)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	a.background.Go(func() {
		if err := server.Serve(listener); err != nil && ctx.Err() == nil {
			fmt.Fprintf(a.Log, "metrics are not answered any more: %s\n", err)
		}
	})
	return nil
}

// CheckMetrics refuses an address that others than this machine could reach: nobody is asked who he is there.
func CheckMetrics(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err == nil && port != "" {
		if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
			return nil
		}
	}
	return fmt.Errorf("metrics can be had on this machine alone: %q has to be an address such as 127.0.0.1:9464", address)
}
