package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"slices"
	"strings"
	"sync"
)

//go:embed page.html
var pageText string

// pageTemplate is parsed when the program starts; a mistake in it would show at once.
var pageTemplate = template.Must(template.New("page").Parse(pageText))

const (
	kept    = 20  // greetings
	longest = 200 // bytes of a greeting
)

// greeting is what goes over the bus, as JSON.
type greeting struct {
	Text string `json:"text"`
	From string `json:"from"` // the instance that the visitor spoke to
}

// hello is one instance. Its methods may be called from several goroutines.
type hello struct {
	instance string
	bus      *bus

	mu    sync.Mutex
	heard []greeting // the newest first
}

func (h *hello) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.page)
	mux.HandleFunc("POST /hello", h.say)
	mux.HandleFunc("GET /hello.json", h.list)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /ready", h.ready)
	return mux
}

// hear takes a message of the bus.
func (h *hello) hear(message string) {
	var g greeting
	if err := json.Unmarshal([]byte(message), &g); err != nil {
		log.Printf("heard something strange: %s", err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = slices.Insert(h.heard, 0, g)
	h.heard = h.heard[:min(kept, len(h.heard))]
}

func (h *hello) greetings() []greeting {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Concat([]greeting{}, h.heard)
}

func (h *hello) say(w http.ResponseWriter, r *http.Request) {
	text := strings.TrimSpace(r.FormValue("text"))
	if text == "" || len(text) > longest {
		http.Error(w, fmt.Sprintf("say something, with at most %d bytes", longest), http.StatusBadRequest)
		return
	}
	message, err := json.Marshal(greeting{Text: text, From: h.instance})
	if err == nil {
		err = h.bus.publish(string(message))
	}
	if err != nil {
		log.Printf("not said: %s", err)
		http.Error(w, "The bus cannot be reached. Try again.", http.StatusServiceUnavailable)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (h *hello) page(w http.ResponseWriter, _ *http.Request) {
	var text bytes.Buffer // so that a failure half way shows no half page
	err := pageTemplate.Execute(&text, struct {
		Instance string
		Heard    []greeting
	}{h.instance, h.greetings()})
	send(w, "text/html; charset=utf-8", text.Bytes(), err)
}

// list is for programs: what this instance heard.
func (h *hello) list(w http.ResponseWriter, _ *http.Request) {
	text, err := json.Marshal(struct {
		Instance string     `json:"instance"`
		Heard    []greeting `json:"heard"`
	}{h.instance, h.greetings()})
	send(w, "application/json", append(text, '\n'), err)
}

func (h *hello) ready(w http.ResponseWriter, _ *http.Request) {
	if !h.bus.connected() {
		http.Error(w, "the bus is not connected", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func send(w http.ResponseWriter, kind string, text []byte, err error) {
	if err != nil {
		log.Printf("an answer cannot be made: %s", err)
		http.Error(w, "That did not work.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	if _, err := w.Write(text); err != nil {
		log.Printf("an answer was not sent: %s", err) // the visitor has gone
	}
}
