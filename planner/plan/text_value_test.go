package plan

import (
	"strings"
	"testing"
)

func TestShortDigests(t *testing.T) {
	one, two := strings.Repeat("ab12", 16), strings.Repeat("ab13", 16)
	for _, c := range []struct{ before, after, wantBefore, wantAfter string }{
		{"", "", "", ""},
		{"(none)", `"/store/tree-` + one + `/bin/äpp"`, "(none)", `"/store/tree-ab12ab12…/bin/äpp"`},
		{one, two, "ab12ab12…", "ab13ab13…"},
		{one, one[:60] + "0000", one, one[:60] + "0000"},                                              // they would look the same
		{strings.Repeat("ab12", 28) + "…", "(known after apply)", "ab12ab12…", "(known after apply)"}, // a longer one, cut already
		{"deadbeef", "cafe", "deadbeef", "cafe"},
	} {
		if before, after := shortDigests(c.before, c.after); before != c.wantBefore || after != c.wantAfter {
			t.Errorf("%q and %q are shown as %q and %q", c.before, c.after, before, after)
		}
	}
}
