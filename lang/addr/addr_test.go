package addr

import (
	"testing"

	"pgregory.net/rapid"
)

func TestParseReadsWhatStringPrints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Instance{Component: Component{
			Kind: rapid.SampledFrom([]Kind{App, Middleware, Package}).Draw(t, "kind"),
			Name: rapid.StringMatching(`[a-z][a-z0-9_/-]{0,10}`).Draw(t, "name"),
		}, Index: rapid.IntRange(Whole, 3).Draw(t, "index")}
		switch rapid.IntRange(0, 2).Draw(t, "key") {
		case 1:
			want.Component.Key = StringKey(rapid.String().Draw(t, "string key"))
		case 2:
			want.Component.Key = NumberKey(rapid.IntRange(0, 3).Draw(t, "number key"))
		}
		if want.Index != Whole {
			want.Slot = rapid.SampledFrom([]Slot{SlotA, SlotB}).Draw(t, "slot")
		}
		want.Part = rapid.SampledFrom([]string{"", "process.web", "bind.database.secret"}).Draw(t, "part")
		got, err := Parse(want.String())
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Fatalf("%s parsed as %#v, want %#v", want, got, want)
		}
	})
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for _, s := range []string{"", "app", "app.", "shop.app", `app.shop["eu`, "app.shop[", "app.shop[]", "app.shop[x]", "app.shop.", "app.a[1][2][3]", "app.shop]", "app.shop[0]~", "app.shop[0]~c", "app.shop[0]~bc"} {
		if got, err := Parse(s); err == nil && got.String() == s {
			continue
		} else if err == nil {
			t.Errorf("%q parsed as %s", s, got)
		}
	}
}

func TestContains(t *testing.T) {
	for _, c := range []struct {
		outer, inner string
		want         bool
	}{
		{"app.shop", "app.shop[0].process.web", true},
		{"app.shop", `app.shop["eu"][0]`, true},
		{`app.shop["eu"]`, `app.shop["us"][0]`, false},
		{"app.shop[0]", "app.shop[1]", false},
		{"app.shop[0]", "app.shop[0].process.web", true},
		{"app.shop", "app.shopping", false},
		{"app.shop[0]", "app.shop[0]~b.process.web", true},
		{"app.shop[0].process.web", "app.shop[0]~b.process.web", true},
		{"app.shop[0]~b", "app.shop[0]~b.process.web", true},
		{"app.shop[0]~b", "app.shop[0].process.web", false},
		{"app.shop.bind.database", "app.shop.bind.database.secret", true},
		{"app.shop.bind.data", "app.shop.bind.database", false},
	} {
		outer, err := Parse(c.outer)
		if err != nil {
			t.Fatal(err)
		}
		inner, err := Parse(c.inner)
		if err != nil {
			t.Fatal(err)
		}
		if got := outer.Contains(inner); got != c.want {
			t.Errorf("%s contains %s: %v", outer, inner, got)
		}
	}
}
