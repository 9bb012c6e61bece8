package router

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/nsynapse/recipe/executor/router/upstream"
	"github.com/nsynapse/recipe/executor/router/web"
	"github.com/nsynapse/recipe/executor/torture"
)

// instance is an app that the table may lead to: it answers on an endpoint and on a route.
type instance struct {
	tcp  fragileUpstream
	http *httptest.Server
}

func startInstance(t *testing.T) *instance {
	return &instance{tcp: fragile(t), http: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))}
}

// stop ends it as a kill would: what it still has breaks.
func (i *instance) stop() {
	i.tcp.stop()
	i.http.CloseClientConnections()
	i.http.Close()
}

// TestT19TableChanges changes the router's table again and again: instances come, and go for good once they were taken out and
// drained; for moments there is none; routes and endpoints that nobody uses come and go, balances change. All the while
// clients that never retry ask an endpoint and a route, on new connections and on kept ones. None of them may fail.
func TestT19TableChanges(t *testing.T) {
	changes := torture.Pick(150, 10_000)
	random := torture.Random(t)
	c, _ := run(t, t.TempDir())
	port, front := freePort(t), freePort(t)
	running := []*instance{startInstance(t), startInstance(t)}
	send := func(shown []*instance) {
		if report := set(t, c, t19Table(random, port, front, shown)); len(report.Failed) > 0 {
			t.Fatal(report.Failed)
		}
	}
	send(running)
	connections, stop := load(t, port)
	requests, stopPages := pageLoad(t, front)
	drained := 0
	for range changes {
		switch kind := random.IntN(10); {
		case t.Failed():
			t.FailNow()
		case kind < 2 && len(running) < 5:
			running = append(running, startInstance(t))
			send(running)
		case kind < 4 && len(running) > 1:
			leaving := running[0]
			running = slices.Delete(running, 0, 1)
			send(running)
			for _, address := range []string{leaving.tcp.Addr().String(), leaving.http.Listener.Addr().String()} {
				if open, err := c.Drain(t.Context(), address); err != nil || open != 0 {
					t.Fatalf("drain: %d, %v", open, err)
				}
			}
			leaving.stop()
			drained++
		case kind < 5:
			send(nil) // who asks waits
			send(running)
		default:
			random.Shuffle(len(running), func(i, j int) { running[i], running[j] = running[j], running[i] })
			send(running[:1+random.IntN(len(running))])
		}
	}
	send(running)
	stop()
	stopPages()
	for _, i := range running {
		i.stop()
	}
	torture.Report(t, "T19", "%d changes, %d instances drained and killed under %d connections and %d requests of clients that never retry: 0 failed",
		changes, drained, connections.Load(), requests.Load())
}

// t19Table leads to these instances, with some things around that change.
func t19Table(random *rand.Rand, port, front int, shown []*instance) Table {
	policies := upstream.Policies()
	t := Table{
		Endpoints: []Endpoint{{Name: "db", Port: port}},
		Routes:    []web.Route{{Name: "shop", Host: "shop.localhost", Path: "/", Balance: policies[random.IntN(len(policies))]}},
		Fronts:    []Front{{Name: "http", Address: fmt.Sprint("127.0.0.1:", front)}},
	}
	for _, i := range shown {
		t.Endpoints[0].Upstreams = append(t.Endpoints[0].Upstreams, i.tcp.Addr().String())
		t.Routes[0].Upstreams = append(t.Routes[0].Upstreams, i.http.Listener.Addr().String())
	}
	for n := range random.IntN(4) {
		t.Routes = append(t.Routes, web.Route{Name: fmt.Sprint("other", n), Host: "*.other.localhost", Path: fmt.Sprint("/", n), Upstreams: t.Routes[0].Upstreams})
	}
	return t
}
