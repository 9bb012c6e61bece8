package router

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/nsynapse/recipe/executor/router/upstream"
)

// ErrInTable means that an upstream was to be drained that is still in the table, and gets new connections.
var ErrInTable = upstream.ErrInTable

const (
	drainRound = time.Second           // how long the router lets one question after a drain wait
	drainPause = 20 * time.Millisecond // before a router that does not answer is asked again
	lastAsk    = 2 * time.Second       // for the question that is asked when there is no time left
)

// drainQuestion and drainAnswer are what POST /drain takes and tells.
type drainQuestion struct {
	Upstream string        `json:"upstream"`
	Wait     time.Duration `json:"wait"` // nanoseconds; at most drainRound
}

type drainAnswer struct {
	Open    int  `json:"open"`
	InTable bool `json:"in_table,omitempty"`
}

// Drain returns when no connection and no request is in flight to the upstream, host:port, or when ctx ends; it returns
// how many are left then. Connections that are kept for later requests do not count. The upstream must have left the
// table, which SetTable has told the router; else it is ErrInTable. A router that is just starting is waited for;
// ErrNoAnswer says that it did not answer in time.
func (c *Client) Drain(ctx context.Context, upstream string) (open int, err error) {
	for {
		open, err = c.drainOnce(ctx, upstream, drainRound)
		if err == nil && open == 0 || err != nil && !errors.Is(err, ErrNoAnswer) {
			return open, err
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastAsk) // the caller wants to know, and waits no longer
			defer cancel()
			return c.drainOnce(last, upstream, 0)
		case <-time.After(pauseAfter(err)):
		}
	}
}

func pauseAfter(err error) time.Duration {
	if err == nil {
		return 0 // the router has waited
	}
	return drainPause
}

func (c *Client) drainOnce(ctx context.Context, upstream string, wait time.Duration) (int, error) {
	body, err := json.Marshal(drainQuestion{Upstream: upstream, Wait: wait})
	if err != nil {
		return 0, err
	}
	var answer drainAnswer
	if err := c.call(ctx, http.MethodPost, "drain", body, &answer); err != nil {
		return 0, err
	}
	if answer.InTable {
		return answer.Open, ErrInTable
	}
	return answer.Open, nil
}

// drain waits a while for an upstream that has left the table.
func (s *server) drain(w http.ResponseWriter, r *http.Request) {
	var q drainQuestion
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&q); err != nil {
		http.Error(w, "the question cannot be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), min(q.Wait, drainRound))
	defer cancel()
	open, err := s.plane.upstreams.Drain(ctx, q.Upstream)
	for err == nil {
		elder := s.elders.ask(askOld{Count: q.Upstream})
		if elder == 0 || ctx.Err() != nil {
			open += elder
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(drainPause):
		}
	}
	answer(w, drainAnswer{Open: open, InTable: errors.Is(err, upstream.ErrInTable)})
}
