package main

import "testing"

func TestLastError(t *testing.T) {
	for log, want := range map[string]string{
		"started\n╷\n│ Error: Apps cannot reach RECIPE_HOME\n│\n│ Choose another.\n╵\n": "Apps cannot reach RECIPE_HOME",
		"started\npanic: no\n": "panic: no",
	} {
		if got := lastError([]byte(log)); got != want {
			t.Errorf("of %q it says %q, want %q", log, got, want)
		}
	}
}
