package function

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// JSON is v as JSON text, as the language's jsonencode makes it; marks are kept.
func JSON(v cty.Value) (cty.Value, error) { return stdlib.JSONEncode(v) }
