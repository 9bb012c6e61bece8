// Package check holds probes: each looks once whether something on this machine works and says in a few words why
// not. What a probe asks is what a client would do next, up to a login: a server whose port is open may still be
// starting.
//
// All probes talk to 127.0.0.1 only. They keep nothing between two runs, so that one may be run every few
// milliseconds while its target starts. No error holds a password.
package check

import "context"

// A Check is one probe. It is a value without state: Run may be called from several goroutines.
type Check interface {
	// Run returns nil if the target works. It ends when ctx does; a caller sets a deadline, else a target that
	// accepts and never answers is waited for.
	Run(ctx context.Context) error
}

var (
	_ Check = HTTP{}
	_ Check = TCP{}
	_ Check = Exec{}
	_ Check = PostgreSQL{}
	_ Check = Redis{}
	_ Check = NATS{}
)
