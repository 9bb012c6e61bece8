package main

import (
	"cmp"
	"fmt"
	"net"
)

// config is what the shop finds in its environment.
//
// An app that rather reads files finds the same in the directories of servicebinding.io, a file for each value:
// $SERVICE_BINDING_ROOT/database/uri, $SERVICE_BINDING_ROOT/cache/password and so on.
type config struct {
	databaseURL string // DATABASE_URL
	cache       cacheConfig
	eventsURL   string // EVENTS_URL
	pricingURL  string // PRICING_URL
	port        string // PORT; "" for worker and migrate
	theme       string // SHOP_THEME
	instance    string // RECIPE_INSTANCE: "0", "1" …
}

type cacheConfig struct {
	address            string // CACHE_HOST and CACHE_PORT
	username, password string // CACHE_USERNAME, CACHE_PASSWORD
	prefix             string // CACHE_PREFIX: what our keys have to begin with
}

// readConfig tells all variables that are missing at once.
func readConfig(getenv func(string) string) (config, error) {
	var missing []string
	need := func(name string) string {
		v := getenv(name)
		if v == "" {
			missing = append(missing, name)
		}
		return v
	}
	c := config{
		databaseURL: need("DATABASE_URL"),
		cache: cacheConfig{
			address:  net.JoinHostPort(need("CACHE_HOST"), need("CACHE_PORT")),
			username: need("CACHE_USERNAME"),
			password: need("CACHE_PASSWORD"),
			prefix:   getenv("CACHE_PREFIX"),
		},
		eventsURL:  need("EVENTS_URL"),
		pricingURL: need("PRICING_URL"),
		port:       getenv("PORT"),
		theme:      cmp.Or(getenv("SHOP_THEME"), "light"),
		instance:   cmp.Or(getenv("RECIPE_INSTANCE"), "0"),
	}
	if missing != nil {
		return c, fmt.Errorf("the environment lacks %v", missing)
	}
	return c, nil
}
