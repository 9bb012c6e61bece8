package sdk

import (
	"context"
	"time"
)

// An Observer is a Resource whose things have a state of their own between two changes, as processes do. Executors are
// asked for it every few seconds.
type Observer interface {
	Resource
	// Status tells how a thing that Apply has made is right now. It answers soon and changes nothing. Without an error, nil is
	// the answer of one that cannot tell; Read is asked then.
	Status(ctx context.Context, id Identity) (*Status, Diagnostics)
}

// Status is how a process is.
type Status struct {
	State    string    // one word: "starting", "ready", "restarting", "stopped", "failed", "finished", or "gone" for one that is not there
	Ready    bool      // it takes requests
	PID      int       // 0 if it does not run
	Since    time.Time // it is in this state; zero if that is not known
	Restarts int       // since it was made
	Message  string    // why it is not ready: "exit status 3"; "" for nothing to say
}
