package otlp

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestContext(t *testing.T) {
	const text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	c := Parse(text)
	if !c.Valid() || !c.Sampled || c.String() != text {
		t.Errorf("%+v", c)
	}
	part := c.Part("app.shop")
	if part.Trace != c.Trace || part.Span == c.Span || part != c.Part("app.shop") || part == c.Part("app.shop2") {
		t.Errorf("its part: %s", part)
	}
	if n := (Context{}).Begin(); !n.Valid() || !n.Sampled || n == (Context{}).Begin() {
		t.Error("a new trace")
	}
	if n := c.Begin(); n.Trace != c.Trace || n.Span == c.Span {
		t.Error("a new span")
	}
	for _, wrong := range []string{"", "00", text + "-01", strings.ToUpper(text), "ff" + text[2:], "00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", text[:54] + "g", "0-" + text[3:]} {
		if Parse(wrong).Valid() {
			t.Errorf("%q is taken", wrong)
		}
	}
	if c := Parse("01" + text[2:] + "-more"); c.String() != text {
		t.Errorf("of a later version: %s", c)
	}
}

func TestContextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if c := Parse(text); c.Valid() && Parse(c.String()) != c {
			t.Fatalf("%q", text)
		}
	})
}

// A collector gets what was sent, with the headers and the resource that the variables say.
func TestExport(t *testing.T) {
	var body []byte
	var header http.Header
	var path string
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		header, path = r.Header, r.URL.Path
	}))
	defer collector.Close()
	env := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL + "/", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20abc, x-team=shop",
		"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test,service.name=no", "OTEL_SERVICE_NAME": "mine"}
	e, err := FromEnv(func(name string) string { return env[name] }, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	parent := Parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	at := time.Unix(1, 5)
	err = e.Export(t.Context(), []Span{{Context: parent.Part("a"), Parent: parent, Name: "create a", Begin: at, End: at.Add(time.Second),
		Attributes: map[string]string{"k": "v"}, Links: []Context{parent.Part("b")}, Error: "no"}})
	if err != nil {
		t.Fatal(err)
	}
	if path != "/v1/traces" || header.Get("Authorization") != "Basic abc" || header.Get("X-Team") != "shop" || header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %v", path, header)
	}
	a, b := parent.Part("a").String()[36:52], parent.Part("b").String()[36:52]
	want := `{"resourceSpans":[{"resource":{"attributes":[{"key":"deployment.environment.name","value":{"stringValue":"test"}},{"key":"service.name","value":{"stringValue":"mine"}}]},` +
		`"scopeSpans":[{"scope":{"name":"github.com/nsynapse/recipe","version":"1.2.3"},"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"` + a + `","parentSpanId":"b7ad6b7169203331",` +
		`"name":"create a","kind":1,"startTimeUnixNano":"1000000005","endTimeUnixNano":"2000000005","attributes":[{"key":"k","value":{"stringValue":"v"}}],` +
		`"links":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"` + b + `"}],"status":{"code":2,"message":"no"}}]}]}]}`
	if string(body) != want || !json.Valid(body) {
		t.Errorf("got\n%s\nwant\n%s", body, want)
	}
}

func TestFromEnv(t *testing.T) {
	for _, c := range []struct {
		env   string
		wrong string // part of the error
		none  bool
	}{
		{"", "", true},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318 OTEL_SDK_DISABLED=true", "", true},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318 OTEL_TRACES_EXPORTER=none", "", true},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318", "", false},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://c/path OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "", false},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=c:4318", "such as http://", false},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317 OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "port 4318", false},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c OTEL_EXPORTER_OTLP_TIMEOUT=1s", "milliseconds", false},
	} {
		env := map[string]string{}
		for word := range strings.FieldsSeq(c.env) {
			name, value, _ := strings.Cut(word, "=")
			env[name] = value
		}
		e, err := FromEnv(func(name string) string { return env[name] }, "")
		switch {
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v", c.env, err)
		case c.wrong == "" && (err != nil || (e == nil) != c.none):
			t.Errorf("%s: %v, %v", c.env, e, err)
		}
	}
}
