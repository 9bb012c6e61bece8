package solve

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

const twoDatabases = `
./shop 1.0.0
  requires database sql
mysql 8.0.0
  provides sql 1.0
postgresql 15.0.0
  provides sql 1.0
  coexist major
postgresql 16.0.0
  provides sql 1.1
postgresql 16.1.0
  provides sql 1.1
  platforms linux/arm64
postgresql 17.0.0
  provides sql 1.2
  recipe >= 9
`

// TestChoices tells what is chosen, in the languages of TestConflicts: packages with versions, then who meets what.
func TestChoices(t *testing.T) {
	for _, c := range []struct{ name, stack, library, want string }{
		{"the default is the first", "app.shop ./shop", twoDatabases, "acme/shop 1.0.0, mysql 8.0.0; database middleware.mysql"},
		{"a preferred one comes first, for this machine and this recipe", "app.shop ./shop\nprefer postgresql", twoDatabases,
			"acme/shop 1.0.0, postgresql 16.0.0; database middleware.postgresql"},
		{"an excluded one never comes", "app.shop ./shop\nexclude mysql", twoDatabases, "acme/shop 1.0.0, postgresql 16.0.0; database middleware.postgresql"},
		{"the locked one comes before the default", "app.shop ./shop\ntaken sql postgresql", twoDatabases, "acme/shop 1.0.0, postgresql 16.0.0; database middleware.postgresql"},
		{"a preferred one comes before the locked one", "app.shop ./shop\ntaken sql postgresql\nprefer mysql", twoDatabases,
			"acme/shop 1.0.0, mysql 8.0.0; database middleware.mysql"},
		{"a component of the stack comes before what is preferred", "app.shop ./shop\nmiddleware.main mysql\nprefer postgresql", twoDatabases,
			"acme/shop 1.0.0, mysql 8.0.0; database middleware.main"},
		{"majors coexist", "middleware.old postgresql ~> 15.0\nmiddleware.new postgresql ^16.0.0", twoDatabases, "postgresql 15.0.0, postgresql 16.0.0"},
		{"locked before newest", "app.shop acme/shop\nlocked acme/shop 1.1.0\nlocked acme/theme 1.0.0", `
acme/shop 1.0.0
acme/shop 1.1.0
  depends acme/theme *
acme/shop 1.2.0
acme/theme 1.0.0
acme/theme 1.1.0`, "acme/theme 1.0.0, acme/shop 1.1.0"},
		{"a locked version that does not fit gives way", "app.shop acme/shop ^2\nlocked acme/shop 1.0.0", "acme/shop 1.0.0\nacme/shop 2.0.0\nacme/shop 2.1.0", "acme/shop 2.1.0"},
		{"a component gives way to what needs it", "middleware.main postgresql\napp.shop ./shop", `
./shop 1.0.0
  requires database postgresql < 16
postgresql 15.0.0
  provides postgresql 15.0
postgresql 16.0.0
  provides postgresql 16.0`, "postgresql 15.0.0, acme/shop 1.0.0; database middleware.main"},
		{"files need files", "app.shop ./shop", `
./shop 1.0.0
  depends acme/theme ^1
acme/theme 1.0.0
acme/theme 1.1.0
  depends acme/color < 2
acme/color 1.0.0
acme/color 2.0.0`, "acme/theme 1.1.0, acme/color 1.0.0, acme/shop 1.0.0"},
		{"an added one brings what it requires", "app.shop ./shop", `
./shop 1.0.0
  requires queue amqp
rabbit 3.0.0
  provides amqp 0.9
  requires names dns
  depends erlang *
bind 9.0.0
  provides dns 1.0
erlang 26.0.0`, "erlang 26.0.0, acme/shop 1.0.0, rabbit 3.0.0, bind 9.0.0; queue middleware.rabbit, names middleware.bind"},
		{"an older one if the newest cannot be", "app.shop acme/shop", `
acme/shop 1.0.0
acme/shop 1.1.0
  requires search index`, "acme/shop 1.0.0"},
	} {
		library := libraryOf([]byte(c.library))
		lock, diags := Solve(context.Background(), stackOf([]byte(c.stack), library), library)
		got := chosen(lock)
		if diags.HasErrors() {
			got = told(diags)
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func chosen(l *Lock) string {
	var packages, bindings []string
	for _, p := range l.Packages {
		packages = append(packages, p.Name+" "+p.Version)
	}
	for _, b := range l.Bindings {
		bindings = append(bindings, fmt.Sprintf("%s %s", b.Requirement, b.Implementation))
	}
	text := strings.Join(packages, ", ")
	if bindings != nil {
		text += "; " + strings.Join(bindings, ", ")
	}
	return text
}
