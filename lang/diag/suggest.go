package diag

import (
	"slices"

	"github.com/agext/levenshtein"
)

// Suggest returns the candidate that name is most likely a misspelling of, or "" when none is near enough: one letter
// may be missing, wrong or too much in a name of up to three letters, two up to seven and three in longer ones.
// Equally near candidates are decided by the alphabet. It is "" for a name that is among them.
func Suggest(name string, candidates []string) string {
	most := 3
	if len(name) < 8 {
		most = 2
	}
	if len(name) < 4 {
		most = min(1, len(name)-1)
	}
	best, distance := "", most+1
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if c == name {
			return "" // it is there, and something else is wrong with it
		}
		d := levenshtein.Distance(name, c, nil)
		if d == 2 && sameLetters(name, c) {
			d = 1 // two letters are swapped
		}
		if d < distance {
			best, distance = c, d
		}
	}
	return best
}

// DidYouMean is the sentence that Suggest leads to, with a space before it; "" when nothing is near.
func DidYouMean(name string, candidates []string) string {
	if s := Suggest(name, candidates); s != "" {
		return ` Did you mean "` + s + `"?`
	}
	return ""
}

func sameLetters(a, b string) bool {
	return slices.Equal(slices.Sorted(slices.Values([]byte(a))), slices.Sorted(slices.Values([]byte(b))))
}
