package apply

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/planner/state"
)

// redacted is an error of a provider without the secrets it was given: it goes into the journal and to the user.
type redacted struct {
	err   error
	given []cty.Value
}

func (r redacted) Error() string { return state.Redact(r.err.Error(), r.given...) }

func (r redacted) Unwrap() error { return r.err }
