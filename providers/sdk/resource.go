package sdk

import (
	"context"
	"fmt"

	"github.com/zclconf/go-cty/cty"
)

// A Provider supplies resource types. Its methods are safe for concurrent use.
type Provider interface {
	// Schema lists the types by name. It is constant for the life of the provider.
	Schema() Schema
	// Resource returns the named type, or nil if the provider has no such type.
	Resource(name string) Resource
}

// A Resource knows how one type of thing is looked at and changed. Its methods are safe for concurrent use with
// different identities; the engine never makes two calls for one identity at a time.
type Resource interface {
	// Read reports the thing as it is now, or a null value if there is none. It changes nothing.
	Read(ctx context.Context, id Identity) (cty.Value, Diagnostics)
	// Apply brings the thing from r.Before to r.After; null stands for absence, so creation, change, deletion
	// and undo are one method. It may be called again with the same r.Token after a crash and then does what is left.
	// It returns the thing as it is afterwards, all computed attributes known, or null after a deletion. With an
	// error it returns what it left behind: null if nothing, else a value that is kept as tainted.
	// When ctx ends it stops soon and returns what it left.
	Apply(ctx context.Context, r ApplyRequest) (cty.Value, Diagnostics)
}

// Identity names one thing to its Resource.
type Identity struct {
	Address string    // the stable name, unique in the stack: "app.shop[0].configure.template.config"
	Stack   string    // the stack it belongs to
	Known   cty.Value // the thing as last known, with computed attributes; null before its creation
}

// ApplyRequest is one change of one thing.
type ApplyRequest struct {
	Identity
	Before cty.Value // as it was when planned; null for a creation
	After  cty.Value // as wanted; computed attributes are null (not unknown) unless kept from Before or settled by a lock; null for a deletion
	Token  string    // the same for all attempts in one direction; unique otherwise
	Undo   bool      // takes back a change of the same run: what the user's data lives in is kept
	// Planned is what the Plan of a Planner said; NilVal for other types and for an undo. What was known then has to come true,
	// or the change fails before it begins.
	Planned cty.Value
	Report  Report // where progress goes; its zero value drops everything
}

// Untouched is the result of a change that failed before it began: nothing if there was nothing, else NilVal, by which the engine
// goes on to think of the thing what it thought. A value would be taken for what a change has left half done.
func (r ApplyRequest) Untouched() cty.Value {
	if r.Before.IsNull() {
		return r.Before
	}
	return cty.NilVal
}

// Report carries the news of a long step to the user. Losing it loses nothing else.
type Report struct {
	// Progress is called from any goroutine, at any rate; it does not block. Nil drops the news.
	Progress func(Progress)
	// Log is called from any goroutine with one line that stays, without its end; it does not block. Nil drops it.
	Log func(line string)
}

// Progress is the state of a long step.
type Progress struct {
	Text  string // what is going on: "downloading postgresql-15"
	Done  int64  // bytes or items so far
	Total int64  // how many there will be; 0 if unknown
}

// Send reports p if anybody listens.
func (r Report) Send(p Progress) {
	if r.Progress != nil {
		r.Progress(p)
	}
}

// Logf tells the user a line, made from format and args, if anybody listens. No sensitive value may show in it.
func (r Report) Logf(format string, args ...any) {
	if r.Log != nil {
		r.Log(fmt.Sprintf(format, args...))
	}
}
