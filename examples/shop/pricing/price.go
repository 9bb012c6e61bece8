package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
)

// price is the answer to /price.
type price struct {
	Item     string `json:"item"`
	Cents    int    `json:"cents"`
	Currency string `json:"currency"`
	Instance string `json:"instance"` // of pricing, which answered
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /price", answer)
	return mux
}

func answer(w http.ResponseWriter, r *http.Request) {
	item := r.URL.Query().Get("item")
	cents, ok := cost(item)
	if !ok {
		http.Error(w, "there is no such item", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	err := json.NewEncoder(w).Encode(price{Item: item, Cents: cents, Currency: "EUR", Instance: os.Getenv("RECIPE_INSTANCE")})
	if err != nil {
		log.Printf("the answer was not sent: %s", err) // the client has gone
	}
}

// cost is what an item costs, in cents.
func cost(item string) (cents int, ok bool) {
	switch item {
	case "teapot":
		return 2490, true
	case "cup":
		return 690, true
	case "kettle":
		return 3990, true
	}
	return 0, false
}
