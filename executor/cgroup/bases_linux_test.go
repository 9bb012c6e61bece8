package cgroup

import (
	"reflect"
	"testing"
)

// Where groups are looked for, the best first.
func TestBases(t *testing.T) {
	for _, c := range []struct {
		own  string
		want []string
	}{
		{"/cg/system.slice/recipe.service", []string{"/cg/system.slice/recipe-apps.service", "/cg/system.slice/recipe.service", "/cg"}},
		{"/cg/docker/7/agent", []string{"/cg/docker/7", "/cg/docker/7/agent", "/cg"}},
		{"/cg/user.slice/session-1.scope", []string{"/cg/user.slice/session-1.scope", "/cg"}},
		{"/cg", []string{"/cg"}},
	} {
		if got := bases(place{mount: "/cg", own: c.own}); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.own, got, c.want)
		}
	}
}
