// Package function holds the functions that expressions may call. All are pure: the same arguments give the same
// value on every machine and at every time, which is what makes a plan worth reading. So there is no timestamp, no
// uuid, no random value and no file: a recipe asks for a secret block or a file resource instead, which the plan
// shows and the journal remembers.
package function

import (
	"maps"
	"sync"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// mark is a type of its own, so that no mark of another package equals ours.
type mark string

// Sensitive is the cty mark of values that must never be shown: functions pass it on to their results.
const Sensitive = mark("sensitive")

// All returns every function by its name. The map is the caller's own and may be changed.
func All() map[string]function.Function { return maps.Clone(all()) }

// all builds the functions at the first use.
var all = sync.OnceValue(func() map[string]function.Function {
	out := map[string]function.Function{}
	for _, group := range []map[string]function.Function{numbers(), texts(), collections(), codings(), networks(), conversions()} {
		maps.Copy(out, group)
	}
	return out
})

func numbers() map[string]function.Function {
	return map[string]function.Function{
		"abs":      stdlib.AbsoluteFunc,
		"ceil":     stdlib.CeilFunc,
		"floor":    stdlib.FloorFunc,
		"log":      stdlib.LogFunc,
		"max":      stdlib.MaxFunc,
		"min":      stdlib.MinFunc,
		"parseint": bounded(stdlib.ParseIntFunc, shortTexts),
		"pow":      stdlib.PowFunc,
		"signum":   stdlib.SignumFunc,
	}
}

func texts() map[string]function.Function {
	return map[string]function.Function{
		"chomp":       stdlib.ChompFunc,
		"endswith":    endsWith(),
		"format":      bounded(stdlib.FormatFunc, formatSize),
		"formatdate":  stdlib.FormatDateFunc,
		"formatlist":  bounded(stdlib.FormatListFunc, formatSize),
		"indent":      bounded(stdlib.IndentFunc, indentSize),
		"join":        bounded(stdlib.JoinFunc, joinSize),
		"lower":       stdlib.LowerFunc,
		"regex":       stdlib.RegexFunc,
		"regexall":    stdlib.RegexAllFunc,
		"replace":     replace(),
		"split":       stdlib.SplitFunc,
		"startswith":  startsWith(),
		"strcontains": contains(),
		"strrev":      stdlib.ReverseFunc,
		"substr":      stdlib.SubstrFunc,
		"timeadd":     stdlib.TimeAddFunc,
		"title":       stdlib.TitleFunc,
		"trim":        stdlib.TrimFunc,
		"trimprefix":  stdlib.TrimPrefixFunc,
		"trimspace":   stdlib.TrimSpaceFunc,
		"trimsuffix":  stdlib.TrimSuffixFunc,
		"upper":       stdlib.UpperFunc,
	}
}

func collections() map[string]function.Function {
	return map[string]function.Function{
		"alltrue":         allTrue(),
		"anytrue":         anyTrue(),
		"chunklist":       stdlib.ChunklistFunc,
		"coalesce":        coalesce(),
		"coalescelist":    stdlib.CoalesceListFunc,
		"compact":         stdlib.CompactFunc,
		"concat":          bounded(stdlib.ConcatFunc, concatSize),
		"contains":        stdlib.ContainsFunc,
		"distinct":        distinct(),
		"element":         stdlib.ElementFunc,
		"flatten":         bounded(stdlib.FlattenFunc, flatSize),
		"index":           index(),
		"keys":            stdlib.KeysFunc,
		"length":          length(),
		"lookup":          stdlib.LookupFunc,
		"matchkeys":       matchKeys(),
		"merge":           stdlib.MergeFunc,
		"one":             one(),
		"range":           stdlib.RangeFunc, // at most 1024 elements
		"reverse":         stdlib.ReverseListFunc,
		"setintersection": stdlib.SetIntersectionFunc,
		"setproduct":      bounded(stdlib.SetProductFunc, productSize),
		"setsubtract":     stdlib.SetSubtractFunc,
		"setunion":        stdlib.SetUnionFunc,
		"slice":           stdlib.SliceFunc,
		"sort":            stdlib.SortFunc,
		"sum":             sum(),
		"transpose":       transpose(),
		"values":          stdlib.ValuesFunc,
		"zipmap":          stdlib.ZipmapFunc,
	}
}

func codings() map[string]function.Function {
	return map[string]function.Function{
		"base64decode": base64Decode(),
		"base64encode": base64Encode(),
		"csvdecode":    stdlib.CSVDecodeFunc,
		"jsondecode":   stdlib.JSONDecodeFunc,
		"jsonencode":   stdlib.JSONEncodeFunc,
		"md5":          md5Hex(),
		"sha1":         sha1Hex(),
		"sha256":       sha256Hex(),
		"sha512":       sha512Hex(),
		"urlencode":    urlEncode(),
		"uuidv5":       uuidV5(),
	}
}

func networks() map[string]function.Function {
	return map[string]function.Function{
		"cidrhost":    cidrHost(),
		"cidrnetmask": cidrNetmask(),
		"cidrsubnet":  cidrSubnet(),
	}
}

func conversions() map[string]function.Function {
	return map[string]function.Function{
		"can":          tryfunc.CanFunc,
		"nonsensitive": nonsensitive(),
		"sensitive":    sensitive(),
		"tobool":       stdlib.MakeToFunc(cty.Bool),
		"tolist":       toList(),
		"tomap":        stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
		"tonumber":     stdlib.MakeToFunc(cty.Number),
		"toset":        toSet(),
		"tostring":     stdlib.MakeToFunc(cty.String),
		"try":          tryfunc.TryFunc,
	}
}
