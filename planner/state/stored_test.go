package state

import (
	"slices"
	"testing"
)

func TestStoreKeys(t *testing.T) {
	for text, want := range map[string][]string{
		``:                          nil,
		`{"path":"/home/store/"}`:   nil,
		`{"path":"/h/store/deb-1"}`: {"deb-1"},
		`["/h/store/tree-0a/run","--lib=/h/store/deb-1.2_x-3/usr/lib:/h/store/deb-1.2_x-3"]`: {"tree-0a", "deb-1.2_x-3", "deb-1.2_x-3"},
		`/store//store/b`: {"b"},
	} {
		var got []string
		StoreKeys([]byte(text), func(key string) { got = append(got, key) })
		if !slices.Equal(got, want) {
			t.Errorf("%s names %q, not %q", text, got, want)
		}
	}
}
