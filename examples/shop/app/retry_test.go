package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetryUntilItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		err := retry(t.Context(), func(error) bool { return true }, func(context.Context) error {
			if calls++; calls < 4 {
				return errors.New("down")
			}
			return nil
		})
		if err != nil || calls != 4 {
			t.Errorf("got %v after %d calls", err, calls)
		}
	})
}

func TestRetryEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down, began := errors.New("down"), time.Now()
		err := retry(t.Context(), func(error) bool { return true }, func(context.Context) error { return down })
		if took := time.Since(began); err != down || took != patience {
			t.Errorf("got %v after %s", err, took)
		}
	})
}

func TestRetryLeavesWhatFailsForGood(t *testing.T) {
	calls := 0
	err := retry(t.Context(), func(err error) bool { return false }, func(context.Context) error { calls++; return errNoItem })
	if err != errNoItem || calls != 1 {
		t.Errorf("got %v after %d calls", err, calls)
	}
}
