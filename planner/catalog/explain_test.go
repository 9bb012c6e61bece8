package catalog

import "testing"

// TestExplanations tells what is said of queries that have no answer.
func TestExplanations(t *testing.T) {
	for _, c := range []struct {
		name     string
		packages []written
		asked    []string
		want     string
	}{
		{"no such package", nil, []string{"a *"}, "You ask for a, and there is no such package. Only other versions of these packages could change that."},
		{"no version fits", []written{{"a 1.0.0"}, {"a 2.0.0"}}, []string{"a ^3"}, "You ask for a ^3, but there is only 1.0.0 and 2.0.0. Without ^3 it would be a 2.0.0."},
		{"a need for what is not there", []written{{"a 1.0.0"}, {"a 2.0.0", "b ^1"}}, []string{"a ^2"},
			"You ask for a ^2. a 2.0.0 needs b ^1, and there is no such package. So nothing fits together. Without ^2 it would be a 1.0.0."},
		{"two that want different things", []written{{"a 1.0.0", "c ^1"}, {"b 1.0.0", "c ^2"}, {"c 1.0.0"}, {"c 2.0.0"}}, []string{"a *", "b *"},
			"You ask for a. a 1.0.0 needs c ^1. You ask for b. b 1.0.0 needs c ^2. No version of c fits all of that. Without a the rest fits. Without b the rest fits."},
		{"versions told together", []written{{"a 1.0.0", "b ^1"}, {"a 1.1.0", "b ^1"}, {"a 1.2.0", "b ^1"}, {"b 2.0.0"}}, []string{"a *"},
			"You ask for a. Every version of a needs b ^1, but there is only 2.0.0. So nothing fits together. Only other versions of these packages could change that."},
		{"those that matter alone", []written{{"a 1.0.0", "b ^1"}, {"a 1.1.0", "b ^1"}, {"a 1.2.0"}, {"b 2.0.0"}}, []string{"a <1.2.0"},
			"You ask for a <1.2.0. a 1.0.0 and 1.1.0 need b ^1, but there is only 2.0.0. So nothing fits together. Without <1.2.0 it would be a 1.2.0."},
		{"a service that nothing provides", []written{{"a 1.0.0", "-sql >=1"}}, []string{"a *"},
			"You ask for a. a 1.0.0 requires the service sql >=1, which nothing provides. So nothing fits together. Only other versions of these packages could change that."},
		{"a service in an older version", []written{{"a 1.0.0", "-sql >=2"}, {"p 15.0.0", "+sql 1.0.0"}}, []string{"a *"},
			"You ask for a. a 1.0.0 requires the service sql >=2, which nothing provides in such a version; p 15.0.0 provides 1.0.0. So nothing fits together. Only other versions of these packages could change that."},
		{"providers that cannot be", []written{{"a 1.0.0", "-sql *"}, {"p 15.0.0", "+sql 1.0.0", "x *"}, {"m 8.0.0", "+sql 1.0.0", "y *"}}, []string{"a *"},
			"You ask for a. a 1.0.0 requires the service sql, which m 8.0.0 or p 15.0.0 provides. m 8.0.0 needs y, and there is no such package. p 15.0.0 needs x, and there is no such package. So nothing fits together. Only other versions of these packages could change that."},
	} {
		var asked []Need
		for _, text := range c.asked {
			asked = append(asked, need(text))
		}
		if got := NewResolver(catalogOf(c.packages...)).Resolve(asked).Explanation; got != c.want {
			t.Errorf("%s: said\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}
