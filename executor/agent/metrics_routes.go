package agent

import (
	"maps"
	"slices"

	"github.com/nsynapse/recipe/executor/metrics"
	"github.com/nsynapse/recipe/executor/router"
)

// routeMetrics are those of the routes of HTTP.
func routeMetrics(w *metrics.Writer, stats router.Stats) {
	type route struct {
		at        metrics.Labels
		ready     int
		resting   int
		inFlight  int64
		waiting   int64
		retries   uint64
		ejections uint64
	}
	var all []route
	for _, s := range stats.Routes {
		all = append(all, route{metrics.Labels{"route", s.Name, "host", s.Host, "path", s.Path}, s.Ready, s.Resting, s.InFlight, s.Waiting, s.Retries, s.Ejected})
	}
	tellAll(w, []figure[route]{
		{"recipe_route_ready", metrics.Gauge, "Instances behind the route.", func(r route) float64 { return float64(r.ready) }},
		{"recipe_route_resting", metrics.Gauge, "Of them, those that failed lately and get no requests.", func(r route) float64 { return float64(r.resting) }},
		{"recipe_route_requests_in_flight", metrics.Gauge, "Requests that are being answered.", func(r route) float64 { return float64(r.inFlight) }},
		{"recipe_route_requests_waiting", metrics.Gauge, "Requests that wait for an instance.", func(r route) float64 { return float64(r.waiting) }},
		{"recipe_route_retries_total", metrics.Counter, "Requests that were sent once more.", func(r route) float64 { return float64(r.retries) }},
		{"recipe_route_ejections_total", metrics.Counter, "Times that an instance was sent to rest.", func(r route) float64 { return float64(r.ejections) }},
	}, all, func(r route) metrics.Labels { return r.at })
	w.Family("recipe_route_requests_total", metrics.Counter, "Requests that were answered, by the class of the status; gone is a client that did not wait.")
	for i, s := range stats.Routes {
		for _, class := range slices.Sorted(maps.Keys(s.Classes)) {
			w.Sample(float64(s.Classes[class]), all[i].at.With("code", class))
		}
	}
	w.Family("recipe_route_request_duration_seconds", metrics.Histogram, "Time to the end of the answer.")
	for i, s := range stats.Routes {
		w.Distribution(latencyBounds(len(s.Latency)), s.Latency, all[i].at)
	}
}

// latencyBounds are the upper bounds of the router's buckets, in seconds: 1 ms, 2 ms, 4 ms and so on, without that of the last.
func latencyBounds(buckets int) []float64 {
	var bounds []float64
	for i := range buckets - 1 {
		bounds = append(bounds, float64(int64(1)<<i)/1000)
	}
	return bounds
}
