package semver

import (
	"strings"
	"testing"

	masterminds "github.com/Masterminds/semver/v3"
	"pgregory.net/rapid"
)

func TestConstraint(t *testing.T) {
	for _, c := range []struct {
		text    string
		yes, no string // versions
	}{
		{"", "0.0.0 9.0.0", "1.0.0-rc.1"},
		{"*", "0.0.0 9.0.0", "1.0.0-rc.1"},
		{"x", "0.0.1", "1.0.0-rc.1"},
		{"1.2", "1.2.0 1.2.0+b", "1.2.1 1.3.0 1.2.0-a"},
		{"1.2.*", "1.2.0 1.2.9", "1.1.9 1.3.0 1.2.0-a"},
		{"1.x.x", "1.0.0 1.9.9", "0.9.0 2.0.0"},
		{"= 1.X", "1.0.0", "2.0.0"},
		{"!= 1.2.3", "1.2.4", "1.2.3 1.2.4-a"},
		{"!= 1.2.*", "1.1.9 1.3.0", "1.2.0 1.2.5"},
		{"!= 1.2.3-a", "1.2.3", "1.2.3-a 1.2.3-b"},
		{"> 1.2", "1.2.1", "1.2.0"},
		{"> 1.2.*", "1.3.0", "1.2.9"},
		{">= 1.2", "1.2.0", "1.1.9"},
		{">=*", "0.0.0", "0.0.0-a"},
		{"< 2", "1.9.9 0.0.0", "2.0.0 2.0.0-rc.1"},
		{"< 1.2.*", "1.1.9", "1.2.0"},
		{"<= 2", "2.0.0", "2.0.1"},
		{"<= 1.2.*", "1.2.9", "1.3.0"},
		{"~> 1", "1.0.0 1.9.0", "2.0.0 0.9.0"},
		{"~> 1.2", "1.2.0 1.9.9", "1.1.9 2.0.0 2.0.0-rc.1"},
		{"~> 1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"},
		{"~> 1.2.*", "1.2.0 1.2.9", "1.3.0"},
		{"~>0.0.1", "0.0.9", "0.1.0"},
		{"~> *", "3.0.0", ""},
		{"^1.4", "1.4.0 1.9.0", "1.3.9 2.0.0"},
		{"^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0"},
		{"^0.4", "0.4.9", "0.5.0"},
		{"^0.0.4", "0.0.4", "0.0.5"},
		{"^0.0", "0.0.0 0.0.9", "0.1.0"},
		{"^0.0.0", "0.0.0", "0.0.1"},
		{"^0", "0.9.0", "1.0.0"},
		{"^0.x", "0.9.0", "1.0.0"},
		{"^1.2.x", "1.2.0 1.3.0", "2.0.0"},
		{">= 1.0, < 2.0", "1.5.0", "2.0.0 0.9.0"},
		{">=1.0 <2.0", "1.5.0", "2.0.0"},
		{"> 2, < 1", "", "0.5.0 1.0.0 1.5.0 2.0.0 3.0.0"},
		{"~> 1.2 || ^3.0", "1.3.0 3.1.0", "2.0.0 4.0.0"},
		{"<1||>=2||1.5", "0.1.0 2.0.0 1.5.0", "1.0.0 1.5.1"},
		// Prereleases, only where they are asked for.
		{"1.2.3-rc.1", "1.2.3-rc.1 1.2.3-rc.1+b", "1.2.3-rc.2 1.2.3"},
		{">= 1.0.0-rc.1", "1.0.0-rc.2 1.0.0 1.1.0", "1.0.0-beta 1.1.0-rc.1"},
		{"^1.0.0-rc.1", "1.0.0-rc.1 1.9.0", "1.0.0-a 1.1.0-rc.1 2.0.0-a"},
		{"~> 1.2.3-rc.1", "1.2.3-rc.1 1.2.3-rc.2 1.2.3", "1.2.3-beta 1.3.0-rc.1 1.3.0"},
		{">= 1.0.0-a, < 1.0.0-c", "1.0.0-b", "1.0.0-c 1.0.0"},
		{">= 1.0.0-a, < 1.0.0", "1.0.0-b", "1.0.0"},
		{"1.*, <= 2.0.0-b", "1.5.0", "2.0.0-a 2.0.0-b"},
		{"^1 || 2.0.0-b", "1.5.0 2.0.0-b", "2.0.0-a 1.5.0-a"},
		{"> 18446744073709551615.18446744073709551615.18446744073709551615", "", "1.0.0"},
		{"^18446744073709551615", "18446744073709551615.1.0", "1.0.0"},
	} {
		got, err := ParseConstraint(c.text)
		if err != nil {
			t.Errorf("%q: %s", c.text, err)
			continue
		}
		for _, v := range strings.Fields(c.yes) {
			if !got.Allows(MustParse(v)) {
				t.Errorf("%q does not allow %s", c.text, v)
			}
		}
		for _, v := range strings.Fields(c.no) {
			if got.Allows(MustParse(v)) {
				t.Errorf("%q allows %s", c.text, v)
			}
		}
	}
}

func TestNoConstraint(t *testing.T) {
	for text, want := range map[string]string{
		">=":                              `a version is missing after ">="`,
		"~> ":                             `a version is missing after "~>"`,
		">= >= 1":                         `a version is missing after ">="`,
		"=> 1":                            `"=>" is not an operator`,
		"<> 1":                            `"<>" is not an operator`,
		"~1.2":                            `"~" is not an operator`,
		"1.0,":                            "a term between commas is empty",
		",1.0":                            "a term between commas is empty",
		"|| 1.0":                          "nothing stands on one side of ||",
		"1.0 || ":                         "nothing stands on one side of ||",
		"v1.0":                            `"v1" is not a number`,
		"1.0.0.0":                         "more than three numbers",
		"1.*.3":                           "a number follows a wildcard",
		"1.*-a":                           "nothing may follow a wildcard",
		"latest":                          `"latest" is not a number`,
		"1" + strings.Repeat("||1", 2000): "at most",
	} {
		if c, err := ParseConstraint(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is allowed, as %+v (%v); want an error with %q", text, c, err, want)
		}
	}
}

// constraints are without wildcards and partial versions, which Masterminds reads otherwise.
func constraints() *rapid.Generator[string] {
	term := rapid.Custom(func(t *rapid.T) string {
		operator := rapid.SampledFrom([]string{"=", "!=", ">", ">=", "<", "<=", "^"}).Draw(t, "operator")
		return operator + rapid.StringMatching(`[0-3]\.[0-3]\.[0-3]`).Draw(t, "version")
	})
	return rapid.Custom(func(t *rapid.T) string {
		var alternatives []string
		for range rapid.IntRange(1, 3).Draw(t, "alternatives") {
			alternatives = append(alternatives, strings.Join(rapid.SliceOfN(term, 1, 3).Draw(t, "terms"), ", "))
		}
		return strings.Join(alternatives, " || ")
	})
}

func TestConstraintAgreesWithMasterminds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, v := constraints().Draw(t, "constraint"), versions().Draw(t, "version")
		ours, err := ParseConstraint(text)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := masterminds.NewConstraint(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := ours.Allows(MustParse(v)), theirs.Check(masterminds.MustParse(v)); got != want {
			t.Fatalf("%q allows %s: %t, want %t", text, v, got, want)
		}
	})
}

// TestConstraintLaws holds sets against the terms that they are made of.
func TestConstraintLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, v := constraints().Draw(t, "a"), constraints().Draw(t, "b"), MustParse(versions().Draw(t, "version"))
		left, _ := ParseConstraint(a)
		right, _ := ParseConstraint(b)
		either, err := ParseConstraint(a + "||" + b)
		if err != nil {
			t.Fatal(err)
		}
		if either.Allows(v) != (left.Allows(v) || right.Allows(v)) {
			t.Fatalf("%q or %q allows %s: %t", a, b, v, either.Allows(v))
		}
		inBoth := left.releases.intersect(right.releases)
		if inBoth.contains(&v) != (left.releases.contains(&v) && right.releases.contains(&v)) {
			t.Fatalf("%q and %q contain %s: %t", a, b, v, inBoth.contains(&v))
		}
		checkRuns(t, &either)
		if left.releases.complement().contains(&v) == left.releases.contains(&v) {
			t.Fatalf("%q and its complement agree on %s", a, v)
		}
	})
}

// checkRuns holds Runs against asking of each release.
func checkRuns(t *rapid.T, c *Constraint) {
	var all []Version
	for i := range uint64(4 * 4 * 4) {
		all = append(all, New(i/16, i/4%4, i%4))
	}
	allowed := make([]bool, len(all))
	c.Runs(len(all), func(i int) *Version { return &all[i] }, func(from, to int) {
		for i := from; i < to; i++ {
			allowed[i] = true
		}
	})
	for i, v := range all {
		if allowed[i] != c.Allows(v) {
			t.Fatalf("%q allows %s: %t, but not in runs", c.text, v, c.Allows(v))
		}
	}
}

// AllowsBefore is told by trying all versions that the generator has.
func TestAllowsBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := ParseConstraint(constraints().Draw(t, "constraint"))
		if err != nil {
			t.Skip(err)
		}
		limit := MustParse(rapid.StringMatching(`[0-4]\.[0-4]\.[0-4]`).Draw(t, "limit"))
		for major := range uint64(5) {
			for minor := range uint64(5) {
				for patch := range uint64(5) {
					v := New(major, minor, patch)
					if v.Compare(limit) < 0 && c.Allows(v) && !c.AllowsBefore(limit) {
						t.Fatalf("%s allows %s, which is older than %s", c.String(), v, limit)
					}
				}
			}
		}
	})
	for text, want := range map[string]bool{"": true, "^1.3": false, ">= 1.3": false, ">= 1.2": true, "~> 1.3": false, "< 1.3": true, "> 1.3, < 2": false, "1.2 || ^2": true} {
		c, err := ParseConstraint(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.AllowsBefore(MustParse("1.3.0")); got != want {
			t.Errorf("%q allows versions before 1.3.0: %v", text, got)
		}
	}
}
