package otlp

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// A Span is something that took time.
type Span struct {
	Context    Context
	Parent     Context // zero for the first of a trace
	Name       string
	Begin, End time.Time
	Attributes map[string]string
	Links      []Context // spans that it waited for
	Error      string    // why it failed; "" if it did not
}

// The messages of OTLP in JSON: names in lowerCamelCase, identifiers in hexadecimal, and 64-bit numbers as strings.
type (
	request struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   resource     `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	resource struct {
		Attributes []attribute `json:"attributes,omitempty"`
	}
	scopeSpans struct {
		Scope scope  `json:"scope"`
		Spans []span `json:"spans"`
	}
	scope struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}
	span struct {
		TraceID    string      `json:"traceId"`
		SpanID     string      `json:"spanId"`
		Parent     string      `json:"parentSpanId,omitempty"`
		Name       string      `json:"name"`
		Kind       int         `json:"kind"`
		Start      string      `json:"startTimeUnixNano"`
		End        string      `json:"endTimeUnixNano"`
		Attributes []attribute `json:"attributes,omitempty"`
		Links      []link      `json:"links,omitempty"`
		Status     status      `json:"status"`
	}
	attribute struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	value struct {
		Text string `json:"stringValue"`
	}
	link struct {
		TraceID string `json:"traceId"`
		SpanID  string `json:"spanId"`
	}
	status struct {
		Code    int    `json:"code,omitempty"`
		Message string `json:"message,omitempty"`
	}
)

// Numbers of the protocol.
const (
	internalKind = 1
	errorCode    = 2
)

// encode returns the spans of one resource as one request.
func encode(of map[string]string, from scope, spans []Span) ([]byte, error) {
	all := make([]span, len(spans))
	for i, s := range spans {
		all[i] = s.message()
	}
	return json.Marshal(request{[]resourceSpans{{resource{attributes(of)}, []scopeSpans{{from, all}}}}})
}

func (s Span) message() span {
	m := span{
		TraceID: hex.EncodeToString(s.Context.Trace[:]), SpanID: hex.EncodeToString(s.Context.Span[:]), Name: s.Name, Kind: internalKind,
		Start: nanoseconds(s.Begin), End: nanoseconds(s.End), Attributes: attributes(s.Attributes),
	}
	if s.Parent.Valid() {
		m.Parent = hex.EncodeToString(s.Parent.Span[:])
	}
	for _, l := range s.Links {
		m.Links = append(m.Links, link{hex.EncodeToString(l.Trace[:]), hex.EncodeToString(l.Span[:])})
	}
	if s.Error != "" {
		m.Status = status{errorCode, s.Error}
	}
	return m
}

func nanoseconds(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func attributes(m map[string]string) []attribute {
	var all []attribute
	for _, key := range slices.Sorted(maps.Keys(m)) {
		all = append(all, attribute{key, value{m[key]}})
	}
	return all
}
