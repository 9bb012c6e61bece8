package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// priceAge is how long a price is taken from the cache.
const priceAge = 10 * time.Second

// price is what pricing answers.
type price struct {
	Cents    int    `json:"cents"`
	Currency string `json:"currency"`
	Instance string `json:"instance"`
	Cached   bool   `json:"-"`
}

func (p price) String() string {
	return fmt.Sprintf("%d.%02d %s", p.Cents/100, p.Cents%100, p.Currency)
}

// prices asks pricing, through the cache.
type prices struct {
	url    string
	client *http.Client
	cache  cache
}

func newPrices(url string, c cache) prices {
	return prices{url: strings.TrimSuffix(url, "/"), client: &http.Client{Timeout: 3 * time.Second}, cache: c}
}

var errNoItem = errors.New("there is no such item")

// of returns the price of an item, or errNoItem.
func (p prices) of(ctx context.Context, item string) (price, error) {
	key := "price:" + item
	remembered, hit, err := p.cache.get(ctx, key)
	if err != nil {
		return price{}, fmt.Errorf("cannot read the cache: %w", err)
	}
	if found := (price{Cached: true}); hit && json.Unmarshal(remembered, &found) == nil {
		return found, nil
	}
	fresh, err := p.ask(ctx, item)
	if err != nil {
		return price{}, err
	}
	text, err := json.Marshal(fresh)
	if err == nil {
		err = p.cache.set(ctx, key, text, priceAge)
	}
	if err != nil {
		log.Printf("the price is not cached: %s", err)
	}
	return fresh, nil
}

func (p prices) ask(ctx context.Context, item string) (found price, err error) {
	passing := func(err error) bool { return !errors.Is(err, errNoItem) }
	err = retry(ctx, passing, func(ctx context.Context) error {
		answer, err := p.get(ctx, "/price?item="+url.QueryEscape(item))
		if err != nil {
			return err
		}
		return json.Unmarshal(answer, &found)
	})
	if err != nil && passing(err) {
		err = fmt.Errorf("cannot ask pricing: %w", err)
	}
	return found, err
}

// ping asks whether pricing works.
func (p prices) ping(ctx context.Context) error {
	_, err := p.get(ctx, "/healthz")
	return err
}

func (p prices) get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotFound:
		return nil, errNoItem
	case response.StatusCode > 299:
		return nil, fmt.Errorf("pricing answered %s", response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, 64<<10))
}
