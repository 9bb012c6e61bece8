package main

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
)

func TestPrice(t *testing.T) {
	w := httptest.NewRecorder()
	handler().ServeHTTP(w, httptest.NewRequest("GET", "/price?item=teapot", nil))
	var got price
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if w.Code != 200 || got.Cents != 2490 || got.Currency != "EUR" {
		t.Errorf("got %d %+v", w.Code, got)
	}
}

func TestNoSuchItem(t *testing.T) {
	w := httptest.NewRecorder()
	handler().ServeHTTP(w, httptest.NewRequest("GET", "/price?item=house", nil))
	if w.Code != 404 {
		t.Errorf("got %d, want 404", w.Code)
	}
}
