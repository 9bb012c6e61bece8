//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// collected is what a collector reads of a request of OTLP: the names are those of the protocol.
type collected struct {
	ResourceSpans []struct {
		Resource   struct{ Attributes []keyValue }
		ScopeSpans []struct {
			Spans []struct {
				TraceID, SpanID, ParentSpanID, Name string
				StartTimeUnixNano, EndTimeUnixNano  int64 `json:",string"`
				Attributes                          []keyValue
				Links                               []struct{ TraceID, SpanID string }
				Status                              struct {
					Code    int
					Message string
				}
			}
		}
	}
}

type keyValue struct {
	Key   string
	Value struct{ StringValue string }
}

// collectorCommand starts a collector of OpenTelemetry, which writes each span that it gets as a line of FILE, and says where it is in
// OTEL_EXPORTER_OTLP_ENDPOINT: trace span parent "name" service=… links=span,… error="…".
func collectorCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: collector FILE")
	}
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var got collected
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.URL.Path != "/v1/traces" {
			http.Error(w, fmt.Sprint(r.URL.Path, err), http.StatusBadRequest)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, of := range got.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				for _, s := range scope.Spans {
					if s.EndTimeUnixNano < s.StartTimeUnixNano || s.StartTimeUnixNano < 1e18 {
						fmt.Fprintln(file, "wrong times", s)
					}
					var links []string
					for _, l := range s.Links {
						links = append(links, l.SpanID)
					}
					fmt.Fprintf(file, "%s %s parent=%s %q service=%s links=%s error=%q\n", s.TraceID, s.SpanID, s.ParentSpanID, s.Name,
						of.Resource.Attributes[0].Value.StringValue, strings.Join(links, ","), s.Status.Message)
				}
			}
		}
	}))
	ts.Defer(func() { server.Close(); _ = file.Close() })
	ts.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
}
