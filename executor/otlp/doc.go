// Package otlp sends spans to a collector of OpenTelemetry: OTLP over HTTP, encoded as JSON, as opentelemetry.io/docs/specs/otlp
// describes it. Contexts of traces are those of w3.org/TR/trace-context. The settings are the variables OTEL_… of its specification,
// as far as they are about spans.
//
// It is written here because the official libraries would be initialised at each start of each command, and most of them trace
// nothing.
package otlp
