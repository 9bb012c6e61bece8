package pattern

import "testing"

func TestMatches(t *testing.T) {
	p := New(`^[a-z]{2}$`)
	for text, want := range map[string]bool{"ab": true, "abc": false, "": false} {
		if p.MatchString(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// A wrong expression must not wait for the first user.
func TestWrong(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a wrong expression was taken")
		}
	}()
	New(`(`)
}
