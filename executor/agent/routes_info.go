package agent

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/executor/router"
	"github.com/nsynapse/recipe/executor/router/web"
)

// RouteInfo is one way to a component through the router: a route of HTTP, or an endpoint, which is a port of this machine.
// Figures count since this router has it.
type RouteInfo struct {
	Stack     string  `json:"stack"`
	Address   string  `json:"address"` // of the resource: it says whose way it is
	Kind      string  `json:"kind"`    // "http" or "tcp"
	At        string  `json:"at"`      // a URL, or host and port
	Component string  `json:"component"`
	Port      string  `json:"port"`                  // its name in the component
	Ready     int     `json:"ready"`                 // instances that get requests
	Resting   int     `json:"resting,omitempty"`     // of them, those that failed lately and get none
	InFlight  int64   `json:"in_flight,omitempty"`   // requests, or open connections
	Waiting   int64   `json:"waiting,omitempty"`     // of them, those that wait for an instance
	Requests  uint64  `json:"requests"`              // answered; of tcp connections
	Errors    uint64  `json:"errors"`                // answers 5xx; of tcp connections that found no instance in time
	P50       float64 `json:"p50_seconds,omitempty"` // half of the requests took less; 0 without any
	P99       float64 `json:"p99_seconds,omitempty"`
	Message   string  `json:"message,omitempty"` // why it does not work, or why there are no figures

	front string // that answers a route
}

// routeInfos lists the ways to the components of a stack, or of all with "".
func (a *Agent) routeInfos(ctx context.Context, stack string) []RouteInfo {
	all := []RouteInfo{}
	for _, n := range a.fronts.List() {
		all = append(all, RouteInfo{Stack: n.Stack, Address: n.Address, Kind: "http", At: a.Fronts.URL(n), Component: n.Component, Port: n.Target, front: n.Front()})
	}
	for _, e := range a.endpoints.List() {
		all = append(all, RouteInfo{Stack: e.Stack, Address: e.Address, Kind: "tcp", At: fmt.Sprintf("127.0.0.1:%d", e.Port), Component: e.Component, Port: e.Target})
	}
	all = slices.DeleteFunc(all, func(r RouteInfo) bool { return stack != "" && r.Stack != stack })
	if len(all) == 0 {
		return all
	}
	ctx, cancel := context.WithTimeout(ctx, routerTime)
	defer cancel()
	stats, err := a.routes.client.Stats(ctx)
	figures, fails := figuresOf(stats), map[string]string{}
	for _, s := range stats.Endpoints {
		fails[s.Name] = s.Error
	}
	for i := range all {
		take, ok := figures[all[i].Stack+"/"+all[i].Address]
		switch {
		case ok:
			take(&all[i])
		case err != nil:
			all[i].Message = "the router does not answer"
		default:
			all[i].Message = "the router does not have it yet"
		}
		if why := fails[all[i].front]; why != "" {
			all[i].Message = "not answered: " + why
		} else if all[i].Message == "" && all[i].Kind == "http" {
			all[i].Message = stats.Log
		}
	}
	slices.SortFunc(all, func(x, y RouteInfo) int {
		return cmp.Or(strings.Compare(x.Stack, y.Stack), strings.Compare(x.Kind, y.Kind), strings.Compare(x.Address, y.Address))
	})
	return all
}

// figuresOf tells by name how the figures of the router come into a RouteInfo.
func figuresOf(stats router.Stats) map[string]func(*RouteInfo) {
	figures := map[string]func(*RouteInfo){}
	for _, s := range stats.Routes {
		figures[s.Name] = func(r *RouteInfo) { r.web(s) }
	}
	for _, s := range stats.Endpoints {
		figures[s.Name] = func(r *RouteInfo) { r.endpoint(s) }
	}
	return figures
}

func (r *RouteInfo) web(s web.Stats) {
	r.Ready, r.Resting, r.InFlight, r.Waiting = s.Ready, s.Resting, s.InFlight, s.Waiting
	r.Requests, r.Errors = s.Requests, s.Classes["5xx"]
	r.P50, r.P99 = latency(s.Latency, 0.5), latency(s.Latency, 0.99)
}

func (r *RouteInfo) endpoint(s router.EndpointStats) {
	r.Ready, r.InFlight, r.Waiting = s.Ready, s.Open+s.Waiting, s.Waiting
	r.Requests, r.Errors, r.Message = s.Accepted, s.Refused, s.Error
}

// latency is the time in seconds that the share of the requests took less than, as exact as the router's buckets, which
// double; 0 without requests. What is in the last bucket took that of the one before it at least, and that is said.
func latency(buckets []uint64, share float64) float64 {
	var all, seen uint64
	for _, n := range buckets {
		all += n
	}
	if all == 0 {
		return 0
	}
	bounds := latencyBounds(len(buckets))
	for i, bound := range bounds {
		if seen += buckets[i]; float64(seen) >= share*float64(all) {
			return bound
		}
	}
	return bounds[len(bounds)-1]
}
