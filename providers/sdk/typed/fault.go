package typed

import (
	"errors"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// At says that err is about the attribute of that name: recipe tells so, and a plan shows the place where it is written. nil for a nil err.
func At(attribute string, err error) error {
	if err == nil {
		return nil
	}
	return located{err, attribute}
}

// located is an error about one attribute.
type located struct {
	error
	attribute string
}

func (l located) Unwrap() error { return l.error }

// failed is what a function of the author's has returned.
func failed(summary string, err error) sdk.Diagnostics {
	diags := sdk.Errorf(summary, "%s", err)
	if at := (located{}); errors.As(err, &at) {
		diags[0].Path = cty.GetAttrPath(at.attribute)
	}
	return diags
}
