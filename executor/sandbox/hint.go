package sandbox

import (
	"strings"

	"github.com/nsynapse/recipe/executor/landlock"
)

// Hint says where to allow more, if what ran in the domain and failed has said in its last lines that something was refused. Else
// it is "". The kernel does not tell who refused, so it may have been something else.
func Hint(d *landlock.Domain, lines []string) string {
	if d == nil || landlock.Version() < landlock.Least {
		return ""
	}
	for _, line := range lines {
		for _, refused := range []string{"ermission denied", "EACCES", "AccessDenied", "ccess is denied", "ccess denied"} {
			if strings.Contains(line, refused) {
				return "it may have been refused because it is kept to the files of its instance: a sandbox block of the recipe, or of the component in the stack, allows more"
			}
		}
	}
	return ""
}
