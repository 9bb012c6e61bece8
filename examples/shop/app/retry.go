package main

import (
	"context"
	"time"
)

const (
	patience = 10 * time.Second       // how long a request waits for something that restarts
	pause    = 200 * time.Millisecond // between two attempts
)

// retry calls do until it succeeds, fails for good, or patience is at its end; then it returns the last error. What
// do does has to bear being repeated: a connection can break after the other side has done its part.
func retry(ctx context.Context, passing func(error) bool, do func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := do(limited)
		if err == nil || !passing(err) {
			return err
		}
		select {
		case <-limited.Done():
			return err
		case <-time.After(pause):
		}
	}
}
