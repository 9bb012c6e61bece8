package solve

import (
	"slices"
	"strings"
	"testing"
)

// Plugins that several packages use are there once, in the newest version that all of them bear, with the reason; those that
// the stack has itself are not looked for.
func TestPlugins(t *testing.T) {
	library := libraryOf([]byte(`
./shop 1.0.0
  uses acme/ledger ^1
  depends acme/theme ^1
./till 1.0.0
  uses acme/ledger < 1.5
  uses acme/notes
acme/theme 1.0.0
  uses acme/paint
acme/ledger 1.4.0
  plugin 1
acme/ledger 1.5.0
  plugin 1
acme/ledger 1.4.1
  plugin 2
acme/paint 0.1.0
  plugin
acme/runner 3.0.0
  plugin
`))
	wanted := stackOf([]byte("app.shop ./shop\napp.till ./till\nuses acme/runner\ngiven acme/notes\n"), library)
	lock, diags := Solve(t.Context(), wanted, library)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var got []string
	for _, p := range lock.Packages {
		got = append(got, p.Name+" "+p.Version+": "+p.Reason)
	}
	slices.Sort(got)
	want := []string{
		"acme/ledger 1.4.0: acme/shop uses it as a provider",
		"acme/paint 0.1.0: acme/theme uses it as a provider",
		"acme/runner 3.0.0: the stack uses it as a provider",
		"acme/shop 1.0.0: app.shop is made from it",
		"acme/theme 1.0.0: acme/shop depends on it",
		"acme/till 1.0.0: app.till is made from it",
	}
	if !slices.Equal(got, want) {
		t.Errorf("chosen\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if why := lock.Why("acme/ledger"); len(why) != 1 || !strings.Contains(why[0], "acme/shop uses it as a provider") {
		t.Errorf("it is there because of %q", why)
	}
}
