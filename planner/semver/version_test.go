package semver

import (
	"slices"
	"strings"
	"testing"

	masterminds "github.com/Masterminds/semver/v3"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"1":                    "1.0.0",
		"1.2":                  "1.2.0",
		"1.2.3":                "1.2.3",
		"0.0.0":                "0.0.0",
		"1.2.3-rc.1":           "1.2.3-rc.1",
		"1.2.3-0":              "1.2.3-0",
		"1.2.3--":              "1.2.3--",
		"1.2.3+01.a-b":         "1.2.3+01.a-b",
		"1.2.3-a.b+c.d":        "1.2.3-a.b+c.d",
		"18446744073709551615": "18446744073709551615.0.0",
		"1-rc":                 "1.0.0-rc",
	} {
		if v, err := Parse(text); err != nil || v.String() != want {
			t.Errorf("%q is %s (%v), want %s", text, v, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                     "a number is missing",
		"v1.2.3":               `"v1" is not a number`,
		"1.2.":                 "a number is missing",
		"1.2.3.4":              "more than three",
		"01.2.3":               "begins with a zero",
		"1.2.3-01":             "begins with a zero",
		"1.2.3-":               "empty part",
		"1.2.3-a..b":           "empty part",
		"1.2.3+":               "empty part",
		"1.2.3-a_b":            `the character "_"`,
		"1.2.*":                "wildcard",
		" 1.2.3":               "is not a number",
		"18446744073709551616": "too large",
	} {
		if v, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %s (%v), want an error with %q", text, v, err, want)
		}
	}
	if _, err := Parse("1." + strings.Repeat("1", maxVersion)); err == nil {
		t.Error("an endless version is read")
	}
}

func TestOrder(t *testing.T) {
	ascending := []string{"0.0.0-0", "0.0.0", "0.9.0", "1.0.0-1", "1.0.0-9", "1.0.0-10", "1.0.0-99999999999999999999", "1.0.0-alpha",
		"1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0", "2.0.0"}
	for i, a := range ascending {
		for j, b := range ascending {
			if got := MustParse(a).Compare(MustParse(b)); got != compareInts(i, j) {
				t.Errorf("%s against %s is %d", a, b, got)
			}
		}
	}
	if MustParse("1.0.0+a").Compare(MustParse("1.0.0+b")) != 0 {
		t.Error("build metadata is compared")
	}
}

func compareInts(i, j int) int { return max(-1, min(1, i-j)) }

// versions are few and near each other, so that their constraints meet.
func versions() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		text := rapid.StringMatching(`[0-3]\.[0-3]\.[0-3]`).Draw(t, "core")
		return text + rapid.SampledFrom([]string{"", "", "", "-0", "-1", "-a", "-a.1", "-b", "+m"}).Draw(t, "rest")
	})
}

func TestOrderAgreesWithMasterminds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := versions().Draw(t, "a"), versions().Draw(t, "b")
		if got, want := MustParse(a).Compare(MustParse(b)), masterminds.MustParse(a).Compare(masterminds.MustParse(b)); got != want {
			t.Fatalf("%s against %s is %d, want %d", a, b, got, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"1.2.3", "1.2.3-rc.1+b", "x", "1.*", "1.2.3-", "999999999999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(v.String())
		if err != nil || again != v {
			t.Errorf("%q is %s, which reads as %s (%v)", text, v, again, err)
		}
		if _, err := masterminds.NewVersion(text); err != nil && !slices.Contains([]byte(text), '-') {
			t.Errorf("%q is a version here alone: %v", text, err)
		}
	})
}
