package agent

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nsynapse/recipe/providers/sdk"
)

// drain takes a process out of the router and returns when what it was at is done, or when that takes longer than the
// process allows. Then it is ended all the same, which is told in the log.
func (a *Agent) drain(ctx context.Context, id sdk.Identity) {
	ports := portsOf(id)
	status, ok := a.supervisor.Status(unitName(id.Stack, id.Address))
	if len(ports) == 0 || ok && status.PID == 0 || !a.routes.started.Load() {
		return
	}
	if drainOf(id) == 0 {
		return // the supervisor says that it is not ready any more, and the app ends what it is at by itself
	}
	a.directory.SetReady(id.Stack, id.Address, false)
	a.emptied(ctx, id)
}

// emptied returns when the router has let go of a process that the directory does not offer, and what it is at is done or
// takes longer than the process allows.
func (a *Agent) emptied(ctx context.Context, id sdk.Identity) {
	if err := a.letGo(ctx); err != nil {
		fmt.Fprintf(a.Log, "%s of stack %s is ended without waiting for its requests: %s\n", id.Address, id.Stack, err)
		return
	}
	limit := drainOf(id)
	if limit == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for _, number := range portsOf(id) {
		left, err := a.routes.client.Drain(ctx, "127.0.0.1:"+strconv.Itoa(number))
		if err != nil || left > 0 {
			fmt.Fprintf(a.Log, "%s of stack %s is ended with %d connections open after %s (%v)\n", id.Address, id.Stack, left, limit, err)
		}
	}
}

// drainOf is how long a process may take to end what it is at.
func drainOf(id sdk.Identity) time.Duration {
	v := id.Known.GetAttr("drain")
	if v.IsNull() {
		return 0
	}
	limit, err := time.ParseDuration(v.AsString())
	if err != nil {
		return 0 // the language has checked it
	}
	return limit
}

// letGo returns when the router has the table as it is now.
func (a *Agent) letGo(ctx context.Context) error {
	p := a.routes.send()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.done:
		return p.err
	}
}

// portsOf are the ports that a process listens on, ascending.
func portsOf(id sdk.Identity) (numbers []int) {
	for _, number := range portsByName(id) {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	return numbers
}

// portsByName are the ports that a process listens on.
func portsByName(id sdk.Identity) map[string]int {
	ports := map[string]int{}
	if v := id.Known.GetAttr("ports"); !v.IsNull() {
		for it := v.ElementIterator(); it.Next(); {
			name, number := it.Element()
			n, _ := number.AsBigFloat().Int64()
			ports[name.AsString()] = int(n)
		}
	}
	return ports
}
