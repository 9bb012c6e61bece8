package sdk

import "context"

// traceKey is where a context has its traceparent.
type traceKey struct{}

// WithTraceparent returns a context for a part of a trace, named as w3.org/TR/trace-context has it. "" names none.
func WithTraceparent(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	return context.WithValue(ctx, traceKey{}, traceparent)
}

// Traceparent is the part of a trace that a call is, for whatever the call starts: as the variable TRACEPARENT of a command, or
// the header traceparent of a request. It is "" when nothing is traced.
func Traceparent(ctx context.Context) string {
	text, _ := ctx.Value(traceKey{}).(string)
	return text
}
