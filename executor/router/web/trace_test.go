package web

import (
	"net/http"
	"testing"
)

// The context of a trace gets to the app as it came, on both ways.
func TestTraceIsPassedOn(t *testing.T) {
	const parent, state, baggage = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "vendor=a:b,other=%20", "user=7;p=1"
	ways(t, func(t *testing.T, way func(*http.Request) *http.Request) {
		seen := make(chan http.Header, 1)
		f := start(t, Route{Upstreams: []string{app(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header })}})
		q := newRequest(t, "GET", "http://shop.localhost/", "")
		q.Header.Set("traceparent", parent)
		q.Header.Set("tracestate", state)
		q.Header.Set("baggage", baggage)
		if status, _, _ := get(t, f.client(), way(q)); status != http.StatusOK {
			t.Fatal(status)
		}
		h := <-seen
		if h.Get("traceparent") != parent || h.Get("tracestate") != state || h.Get("baggage") != baggage {
			t.Errorf("the app sees %v", h)
		}
	})
}
