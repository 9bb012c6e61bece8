package config

import "github.com/hashicorp/hcl/v2/ext/typeexpr"

// Defaults are the defaults of optional attributes inside a variable's type.
type Defaults = typeexpr.Defaults
