package solve

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/semver"
)

// box is a source of a few packages, by name, newest first.
type box map[string][]*Manifest

func (s box) Versions(_ context.Context, name string) ([]*Manifest, error) { return s[name], nil }

func (s box) Implementations(_ context.Context, service string) ([]string, error) {
	var names []string
	for name, versions := range s {
		for _, m := range versions {
			if fits, version := m.serves(&Requirement{Service: service}); (fits || version != "") && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// pack makes a manifest of text: "name version", then "+service version" that it provides and "-service constraint"
// that it requires.
func pack(lines ...string) *Manifest {
	name, version, _ := strings.Cut(lines[0], " ")
	m := &Manifest{Name: name, Version: numbered(version), Origin: "library"}
	for _, line := range lines[1:] {
		service, rest, _ := strings.Cut(line[1:], " ")
		if line[0] == '+' {
			m.Provides = append(m.Provides, Service{Name: service, Version: numbered(rest)})
			continue
		}
		r := Requirement{Name: "my-" + service, Service: service, Text: rest}
		if rest != "" {
			r.Constraint = constraint(rest)
		}
		m.Requires = append(m.Requires, r)
	}
	return m
}

func numbered(text string) *semver.Version {
	v := semver.MustParse(text)
	return &v
}

func constraint(text string) *semver.Constraint {
	c, err := semver.ParseConstraint(text)
	if err != nil {
		panic(err)
	}
	return &c
}

func app(name string, m *Manifest) Root {
	return Root{Component: addr.Component{Kind: addr.App, Name: name}, Manifest: m}
}

func postgres(version string) *Manifest {
	return pack("postgresql "+version, "+sql 1.0.0", "+postgresql "+version)
}

func TestWhoMeetsARequirement(t *testing.T) {
	library := box{"postgresql": {postgres("15.2.0"), postgres("15.1.0")}, "redis": {pack("redis 7.0.0", "+redis 7.0.0")}}
	shop := pack("acme/shop 1.0.0", "-sql >= 1.0")
	main := Root{Component: addr.Component{Kind: addr.Middleware, Name: "main"}, Package: "postgresql"}
	other := Root{Component: addr.Component{Kind: addr.Middleware, Name: "other"}, Package: "postgresql"}
	bound := app("shop", shop)
	bound.Binds = map[string]Bind{"my-sql": {To: other.Component}}
	for _, c := range []struct {
		name  string
		roots []Root
		want  string // the implementation, or a part of the message
	}{
		{"one of the stack", []Root{app("shop", shop), main}, "middleware.main"},
		{"the default in the box", []Root{app("shop", shop)}, "middleware.postgresql"},
		{"the explicit one of two", []Root{bound, main, other}, "middleware.other"},
		{"two and nobody says which", []Root{app("shop", shop), main, other}, "middleware.main and middleware.other provide it"},
		{"none", []Root{app("shop", pack("acme/shop 1.0.0", "-queue "))}, "requires the service queue, and nothing in the stack or in the library provides it"},
		{"none that fits", []Root{app("shop", pack("acme/shop 1.0.0", "-sql >= 2.0"))}, "postgresql 15.2.0 offers sql 1.0.0"},
		{"its own service does not count", []Root{app("shop", pack("acme/shop 1.0.0", "+sql 1.0.0", "-sql "))}, "middleware.postgresql"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lock, diags := Solve(context.Background(), &Wanted{Roots: c.roots}, library)
			got := ""
			if diags.HasErrors() {
				got = diags[0].Detail
			} else {
				got = lock.Bindings[0].Implementation.String()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestDefaultIsAddedOnceAndSaysWhy(t *testing.T) {
	library := box{"postgresql": {postgres("15.1.0")}}
	lock, diags := Solve(context.Background(), &Wanted{Roots: []Root{app("a", pack("x/a 1.0.0", "-sql ")), app("b", pack("x/b 1.0.0", "-sql "))}}, library)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if len(lock.Components) != 3 || lock.Components[2].Added != "app.a requires sql" {
		t.Errorf("components %+v", lock.Components)
	}
	for _, b := range lock.Bindings {
		if b.Implementation.String() != "middleware.postgresql" {
			t.Errorf("%s is bound to %s", b.Consumer, b.Implementation)
		}
	}
}

func TestNewestThatFits(t *testing.T) {
	library := box{"postgresql": {postgres("16.0.0"), postgres("15.2.0"), postgres("15.1.0")}}
	root := Root{Component: addr.Component{Kind: addr.Middleware, Name: "main"}, Package: "postgresql", Text: "< 16"}
	root.Constraint = constraint("< 16")
	lock, diags := Solve(context.Background(), &Wanted{Roots: []Root{root}}, library)
	if diags.HasErrors() || lock.Packages[0].Version != "15.2.0" {
		t.Errorf("chose %+v (%v), want 15.2.0", lock.Packages, diags)
	}
	root.Text = "> 16"
	root.Constraint = constraint("> 16")
	if _, diags := Solve(context.Background(), &Wanted{Roots: []Root{root}}, library); !diags.HasErrors() || !strings.Contains(diags[0].Detail, "there is only 16.0.0, 15.2.0, 15.1.0") {
		t.Errorf("said %v", diags)
	}
}
