package otlp

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// An Exporter sends spans to one collector.
type Exporter struct {
	address  string
	headers  http.Header
	timeout  time.Duration
	resource map[string]string
	scope    scope
}

const (
	defaultTimeout = 10 * time.Second
	mostSpans      = 512 // in one request
	mostAnswer     = 64 << 10
)

// FromEnv returns the exporter that the variables OTEL_… ask for, or nil if they ask for none. version is that of recipe.
func FromEnv(getenv func(string) string, version string) (*Exporter, error) {
	get := func(name string) string { // the variable for spans comes before that for everything
		return cmp.Or(getenv("OTEL_EXPORTER_OTLP_TRACES_"+name), getenv("OTEL_EXPORTER_OTLP_"+name))
	}
	if get("ENDPOINT") == "" || strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nil
	}
	if protocol := get("PROTOCOL"); protocol != "" && !strings.HasPrefix(protocol, "http/") {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q, and spans can be sent over http/json only; collectors take that at their port 4318", protocol)
	}
	e := &Exporter{timeout: defaultTimeout, headers: http.Header{}, scope: scope{"github.com/nsynapse/recipe", version}, resource: map[string]string{}}
	address := getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if address == "" {
		address = strings.TrimSuffix(getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), "/") + "/v1/traces"
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT is %q, and has to be an address such as http://127.0.0.1:4318", get("ENDPOINT"))
	}
	e.address = address
	if text := get("TIMEOUT"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil || ms < 0 {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_TIMEOUT is %q, and has to be a number of milliseconds", text)
		}
		e.timeout = time.Duration(ms) * time.Millisecond
	}
	for name, value := range pairs(get("HEADERS")) {
		e.headers.Set(name, value)
	}
	for name, value := range pairs(getenv("OTEL_RESOURCE_ATTRIBUTES")) {
		e.resource[name] = value
	}
	e.resource["service.name"] = cmp.Or(getenv("OTEL_SERVICE_NAME"), e.resource["service.name"], "recipe")
	return e, nil
}

// pairs reads key=value,key=value, with what is special in percents.
func pairs(text string) map[string]string {
	all := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			continue
		}
		if plain, err := url.PathUnescape(strings.TrimSpace(value)); err == nil {
			all[strings.TrimSpace(key)] = plain
		}
	}
	return all
}

// Export sends the spans. It is tried once.
func (e *Exporter) Export(ctx context.Context, spans []Span) error {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	for len(spans) > 0 {
		n := min(len(spans), mostSpans)
		if err := e.send(ctx, spans[:n]); err != nil {
			return fmt.Errorf("cannot send spans to %s: %w", e.address, err)
		}
		spans = spans[n:]
	}
	return nil
}

func (e *Exporter) send(ctx context.Context, spans []Span) error {
	body, err := encode(e.resource, e.scope, spans)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = e.headers.Clone()
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("it answers %s: %.200q", answer.Status, said)
	}
	return nil
}
