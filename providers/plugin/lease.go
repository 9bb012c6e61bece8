package plugin

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/stats"
)

// patience is how long a plugin stays when nobody is connected: long enough for an agent that is replaced by a newer one.
const patience = 30 * time.Second

// lease ends the plugin when the last connection has been gone for a while, so that none outlives an agent that was killed.
type lease struct {
	mu          sync.Mutex
	connections int
	end         *time.Timer
}

var _ stats.Handler = (*lease)(nil)

func newLease(end func()) *lease { return &lease{end: time.AfterFunc(patience, end)} }

// HandleConn counts connections.
func (l *lease) HandleConn(_ context.Context, s stats.ConnStats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch s.(type) {
	case *stats.ConnBegin:
		l.connections++
		l.end.Stop()
	case *stats.ConnEnd:
		if l.connections--; l.connections == 0 {
			l.end.Reset(patience)
		}
	}
}

func (l *lease) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (l *lease) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (l *lease) HandleRPC(context.Context, stats.RPCStats)                         {}
