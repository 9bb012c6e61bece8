//go:build !unix

package router

import (
	"context"
	"net/http"
)

// Holder keeps copies of what the router listens with. Here they cannot be had, and it does nothing.
type Holder struct{}

// NewHolder returns a Holder.
func NewHolder(string) *Holder { return &Holder{} }

// Drop does nothing.
func (*Holder) Drop(Table) {}

// Hold does nothing.
func (*Holder) Hold(context.Context, Table, Report) error { return nil }

// Await does nothing.
func (*Holder) Await() {}

// End does nothing.
func (*Holder) End() {}

// Close does nothing.
func (*Holder) Close() {}

func (s *server) copies(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "listeners cannot be copied on this system", http.StatusNotImplemented)
}

func held(string) *inherited { return nil }
