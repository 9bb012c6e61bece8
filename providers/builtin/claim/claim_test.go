package claim_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nsynapse/recipe/providers/builtin/claim"
)

func TestOneHolderAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := claim.Try(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claim.Try(path); !errors.Is(err, claim.ErrHeld) {
		t.Fatalf("second Try: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := claim.Acquire(ctx, path); !errors.Is(err, context.Canceled) {
		t.Fatalf("Acquire with an ended context: %v", err)
	}
	if err := held.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := claim.Acquire(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Release(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 1 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
}

// Two groups stand for two processes: they share nothing but the lock file, which is removed each time.
func TestNeverTwoAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var groups [2]claim.Group
	var inside, runs atomic.Int32
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			err := groups[i%2].Do(t.Context(), path, func() error {
				if inside.Add(1) != 1 {
					t.Error("two at once")
				}
				runs.Add(1)
				inside.Add(-1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if runs.Load() == 0 {
		t.Error("nobody worked")
	}
}

func TestWaitersShareTheResult(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var g claim.Group
	started, finish := make(chan struct{}), make(chan struct{})
	failure := errors.New("broken")
	results := make(chan error, 2)
	go func() {
		results <- g.Do(t.Context(), path, func() error {
			close(started)
			<-finish
			return failure
		})
	}()
	<-started
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.Do(impatient, path, func() error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a waiter whose context ended got %v", err)
	}
	close(finish)
	if err := <-results; !errors.Is(err, failure) {
		t.Errorf("the worker got %v", err)
	}
}

func TestWaiterTakesOverFromACancelledWorker(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var g claim.Group
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	go func() {
		_ = g.Do(ctx, path, func() error {
			close(started)
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	<-started
	result := make(chan error)
	go func() { result <- g.Do(t.Context(), path, func() error { return nil }) }()
	cancel()
	if err := <-result; err != nil {
		t.Errorf("the waiter got %v", err)
	}
}
