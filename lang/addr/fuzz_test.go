package addr

import "testing"

// What is parsed prints as something that parses to the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"app.web", `app.web["a.b"][3].process.web`, "app.web[3]~b.process.web", `package.acme/shop["1.0.0"].install.deb.x`, "middleware.main.bind.x.postgresql_database.y"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(a.String())
		if err != nil || again != a {
			t.Errorf("%q is %s, which is %s (%v)", text, a, again, err)
		}
	})
}
