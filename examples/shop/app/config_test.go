package main

import (
	"strings"
	"testing"
)

func environment() map[string]string {
	return map[string]string{
		"DATABASE_URL": "postgres://u:p@127.0.0.1:1/d", "CACHE_HOST": "127.0.0.1", "CACHE_PORT": "2", "CACHE_USERNAME": "u",
		"CACHE_PASSWORD": "p", "CACHE_PREFIX": "u:", "EVENTS_URL": "nats://u:p@127.0.0.1:3", "PRICING_URL": "http://127.0.0.1:4",
	}
}

func TestReadConfig(t *testing.T) {
	env := environment()
	c, err := readConfig(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	if c.cache.address != "127.0.0.1:2" || c.cache.prefix != "u:" || c.theme != "light" || c.instance != "0" {
		t.Errorf("got %+v", c)
	}
}

func TestReadConfigNamesAllThatIsMissing(t *testing.T) {
	env := environment()
	delete(env, "DATABASE_URL")
	delete(env, "EVENTS_URL")
	_, err := readConfig(func(name string) string { return env[name] })
	if err == nil || !strings.Contains(err.Error(), "DATABASE_URL") || !strings.Contains(err.Error(), "EVENTS_URL") {
		t.Errorf("got %v", err)
	}
}
