package main

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/providers/sdk"
)

var _ sdk.Observer = instance{}

// Status tells how systemd has the process, and whether it takes requests.
func (i instance) Status(ctx context.Context, id sdk.Identity) (*sdk.Status, sdk.Diagnostics) {
	s, err := i.manager.status(ctx, nameOf(id))
	if err != nil {
		return nil, sdk.Errorf("cannot look at the process", "%s", err)
	}
	if s.absent() {
		return &sdk.Status{State: "gone"}, nil
	}
	if err := s.owned(id); err != nil {
		return nil, sdk.Errorf("another unit has its name", "%s", err)
	}
	told := sdk.Status{State: s.word(), PID: int(s.pid), Since: s.since, Restarts: int(s.restarts)}
	if told.State != "ready" {
		u := unit{}
		if _, err := u.limits(id.Known.GetAttr("limits")); err == nil && (s.result != "success" || told.State == "backoff") {
			told.Message = s.cause(u.memory)
		}
		return &told, nil
	}
	if err := i.answers(ctx, id); err != nil {
		told.State, told.Message = "unready", err.Error()
	}
	told.Ready = told.State == "ready"
	return &told, nil
}

// word is a unit's state in recipe's words.
func (s status) word() string {
	switch {
	case s.finished():
		return "finished"
	case s.sub == "auto-restart":
		return "backoff"
	case s.active == "active":
		return "ready"
	case s.active == "activating", s.active == "reloading":
		return "starting"
	case s.active == "deactivating":
		return "stopping"
	case s.active == "failed":
		return "failed"
	}
	return "stopped"
}

// answers makes the readiness check once, and returns its error when it has failed as often as its recipe allows.
func (i instance) answers(ctx context.Context, id sdk.Identity) error {
	spec, err := i.box.Spec(id)
	if err != nil || spec.Readiness.Probe == nil {
		return err
	}
	err = once(ctx, spec.Readiness.Probe, min(cmp.Or(spec.Readiness.Timeout, time.Second), probeTime))
	if err != nil && undecided(err) {
		return nil
	}
	return i.failures.weigh(nameOf(id), err, spec.Readiness)
}

// failures counts the failures in a row of readiness checks, by unit. It is forgotten with the program: who takes over begins at none.
type failures struct {
	mu  sync.Mutex
	row map[string]int
}

// weigh is err if it has come often enough in a row.
func (f *failures) weigh(name string, err error, c supervisor.Check) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		delete(f.row, name)
		return nil
	}
	f.row[name]++
	if f.row[name] < max(c.FailureThreshold, 1) {
		return nil
	}
	return err
}

// instant is a time of systemd, in microseconds since 1970; 0 is none.
func instant(v any) time.Time {
	if us, ok := v.(uint64); ok && us > 0 {
		return time.UnixMicro(int64(us))
	}
	return time.Time{}
}
