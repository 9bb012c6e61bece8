package plugin

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/stats"
)

// A plugin ends a while after the last connection is gone, and not before.
func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		l := newLease(func() { ended = true })
		pass := func(d time.Duration, want bool, when string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if ended != want {
				t.Fatalf("%s: ended is %t", when, ended)
			}
		}
		pass(patience/2, false, "before the first connection")
		l.HandleConn(t.Context(), &stats.ConnBegin{})
		l.HandleConn(t.Context(), &stats.ConnBegin{})
		l.HandleConn(t.Context(), &stats.ConnEnd{})
		pass(10*patience, false, "with one connection of two")
		l.HandleConn(t.Context(), &stats.ConnEnd{})
		pass(patience/2, false, "a moment without a connection")
		l.HandleConn(t.Context(), &stats.ConnBegin{})
		pass(10*patience, false, "connected again")
		l.HandleConn(t.Context(), &stats.ConnEnd{})
		pass(patience+time.Second, true, "left alone")
	})
}
