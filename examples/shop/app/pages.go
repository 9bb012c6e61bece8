package main

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"slices"
	"time"
)

//go:embed page.html
var pageText string

// pageTemplate is parsed when the program starts; a mistake in it would show at once.
var pageTemplate = template.Must(template.New("page").Parse(pageText))

const (
	shown    = 12              // orders on the page
	readyFor = 3 * time.Second // for all that the shop needs to answer
	pageHead = "text/html; charset=utf-8"
)

func items() []string { return []string{"teapot", "cup", "kettle"} }

// offer is an item on the page.
type offer struct {
	Item  string
	Price price
}

func (s shop) page(w http.ResponseWriter, r *http.Request) {
	var offers []offer
	for _, item := range items() {
		p, err := s.prices.of(r.Context(), item)
		if err != nil {
			s.fail(w, err)
			return
		}
		offers = append(offers, offer{item, p})
	}
	orders, err := s.database.recent(r.Context(), shown)
	if err != nil {
		s.fail(w, err)
		return
	}
	var text bytes.Buffer // so that a failure half way shows no half page
	err = pageTemplate.Execute(&text, struct {
		Theme, Instance string
		Offers          []offer
		Orders          []order
		Waiting         bool
	}{s.theme, s.instance, offers, orders, slices.ContainsFunc(orders, func(o order) bool { return o.Processed == nil })})
	if err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", pageHead)
	s.send(w, text.Bytes())
}

// place takes an order: JSON for those who ask for it, else back to the page.
func (s shop) place(w http.ResponseWriter, r *http.Request) {
	item := r.FormValue("item")
	if !slices.Contains(items(), item) {
		http.Error(w, errNoItem.Error(), http.StatusBadRequest)
		return
	}
	p, err := s.prices.of(r.Context(), item)
	if err != nil {
		s.fail(w, err)
		return
	}
	o := order{ID: rand.Text()[:12], Item: item, Cents: p.Cents, PlacedAt: time.Now().UTC(), PlacedBy: s.instance}
	if err := s.database.place(r.Context(), o); err != nil {
		s.fail(w, err)
		return
	}
	// The order counts from here on. Should the event not get through, the worker finds the order by itself.
	if err := s.events.placed(r.Context(), o.ID); err != nil {
		log.Printf("order %s is placed, and the worker is not told: %s", o.ID, err)
	}
	if r.Header.Get("Accept") == "application/json" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		s.json(w, o)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// list is for programs: the newest orders, and who answered.
func (s shop) list(w http.ResponseWriter, r *http.Request) {
	orders, err := s.database.recent(r.Context(), 1000)
	if err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	s.json(w, struct {
		Instance string  `json:"instance"`
		Orders   []order `json:"orders"`
	}{s.instance, slices.Concat([]order{}, orders)})
}

// ready tells whether all that the shop needs answers.
func (s shop) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyFor)
	defer cancel()
	checks := []struct {
		name string
		ping func(context.Context) error
	}{{"database", s.database.pool.Ping}, {"cache", s.cache.ping}, {"events", s.events.ping}, {"pricing", s.prices.ping}}
	answers := make(chan error, len(checks))
	for _, c := range checks {
		go func() {
			err := c.ping(ctx)
			if err != nil {
				err = fmt.Errorf("%s: %w", c.name, err)
			}
			answers <- err
		}()
	}
	var all error
	for range checks {
		all = errors.Join(all, <-answers)
	}
	if all != nil {
		log.Printf("not ready: %s", all)
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// fail logs what went wrong; the visitor need not know more.
func (s shop) fail(w http.ResponseWriter, err error) {
	log.Printf("a request failed: %s", err)
	http.Error(w, "The shop cannot do that right now.", http.StatusInternalServerError)
}

func (s shop) json(w http.ResponseWriter, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		s.fail(w, err)
		return
	}
	s.send(w, append(text, '\n'))
}

func (s shop) send(w http.ResponseWriter, text []byte) {
	if _, err := w.Write(text); err != nil {
		log.Printf("an answer was not sent: %s", err) // the visitor has gone
	}
}
