package diag

import (
	"slices"

	"github.com/agext/levenshtein"
)

// Suggest returns the candidate that name is most likely a misspelling of, or "" when none is near enough: a third
// of the letters may differ, at least one and at most three. Equally near candidates are decided by the alphabet.
func Suggest(name string, candidates []string) string {
	best, distance := "", min(max(len(name)/3, 1), 3)+1
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := levenshtein.Distance(name, c, nil); d < distance {
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
