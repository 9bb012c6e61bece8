package config

import (
	"testing"

	"github.com/Masterminds/semver/v3"
)

func TestConstraint(t *testing.T) {
	for _, c := range []struct {
		text    string
		yes, no []string
	}{
		{"", []string{"0.0.1", "9.0.0"}, []string{"1.0.0-rc.1"}},
		{"*", []string{"0.0.1"}, nil},
		{"1.2", []string{"1.2.0"}, []string{"1.2.1", "1.3.0"}},
		{"= 1.2.3", []string{"1.2.3"}, []string{"1.2.4"}},
		{"!= 1.2.3", []string{"1.2.4"}, []string{"1.2.3"}},
		{"> 1.2", []string{"1.2.1"}, []string{"1.2.0"}},
		{">= 1.2", []string{"1.2.0"}, []string{"1.1.9"}},
		{"< 2", []string{"1.9.9"}, []string{"2.0.0", "2.0.0-rc.1"}},
		{"<= 2", []string{"2.0.0"}, []string{"2.0.1"}},
		{"~> 1", []string{"1.0.0", "1.9.0"}, []string{"2.0.0", "0.9.0"}},
		{"~> 1.2", []string{"1.2.0", "1.9.9"}, []string{"1.1.9", "2.0.0", "1.3.0-rc.1", "2.0.0-rc.1"}},
		{"~> 1.2.3", []string{"1.2.3", "1.2.9"}, []string{"1.2.2", "1.3.0"}},
		{"~>0.0.1", []string{"0.0.9"}, []string{"0.1.0"}},
		{"~> 1.2.3-rc.1", []string{"1.2.3-rc.1", "1.2.3-rc.2", "1.2.3"}, []string{"1.2.3-beta", "1.3.0-rc.1", "1.3.0"}},
		{"^1.4", []string{"1.4.0", "1.9.0"}, []string{"1.3.9", "2.0.0"}},
		{"^0.4", []string{"0.4.9"}, []string{"0.5.0"}},
		{"^0.0.4", []string{"0.0.4"}, []string{"0.0.5"}},
		{"^0", []string{"0.9.0"}, []string{"1.0.0"}},
		{">= 1.0, < 2.0", []string{"1.5.0"}, []string{"2.0.0", "0.9.0"}},
		{">=1.0 <2.0", []string{"1.5.0"}, []string{"2.0.0"}},
		{"~> 1.2 || ^3.0", []string{"1.3.0", "3.1.0"}, []string{"2.0.0", "4.0.0"}},
	} {
		got, err := ParseConstraint(c.text)
		if err != nil {
			t.Errorf("%q: %s", c.text, err)
			continue
		}
		for _, v := range c.yes {
			if !got.Check.Check(semver.MustParse(v)) {
				t.Errorf("%q does not allow %s", c.text, v)
			}
		}
		for _, v := range c.no {
			if got.Check.Check(semver.MustParse(v)) {
				t.Errorf("%q allows %s", c.text, v)
			}
		}
	}
	for _, text := range []string{"x", ">=", "1.x", "=> 1", "1.0,", ",1.0", "|| 1.0", "1.0 || ", "~> ", ">= >= 1", "v1.0", "1.0.0.0", "<> 1", "~1.2"} {
		if c, err := ParseConstraint(text); err == nil {
			t.Errorf("%q is allowed, as %s", text, c.Check)
		}
	}
}
