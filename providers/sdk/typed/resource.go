package typed

import (
	"context"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// resource is a Type as the sdk wants it.
type resource[T any] struct {
	Type[T]
	schema sdk.TypeSchema
}

// Read implements sdk.Resource.
func (r resource[T]) Read(ctx context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	known, err := fromValue[T](id.Known)
	if err != nil {
		return id.Known, internal(err)
	}
	if known == nil {
		return id.Known, nil
	}
	found, err := r.Type.Read(ctx, *known)
	if err != nil {
		return id.Known, failed("cannot look at it", err)
	}
	return r.value(found, id.Known, nil)
}

// Apply implements sdk.Resource.
func (r resource[T]) Apply(ctx context.Context, q sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	before, err := fromValue[T](q.Before)
	if err != nil {
		return q.Before, internal(err)
	}
	after, err := fromValue[T](q.After)
	if err != nil {
		return q.Before, internal(err)
	}
	if err := ctx.Err(); err != nil {
		return q.Before, sdk.Errorf("nothing was changed", "%s", err)
	}
	call := Call{Address: q.Address, Stack: q.Stack, Token: q.Token, Undo: q.Undo, Report: q.Report}
	if after != nil {
		made, err := r.Make(ctx, Change[T]{Call: call, Before: before, Wanted: *after})
		return r.value(made, q.After, err)
	}
	if before != nil {
		if err := r.Remove(ctx, Removal[T]{Call: call, Thing: *before}); err != nil {
			return q.Before, failed("cannot remove it", err)
		}
	}
	return q.After, nil
}

// value is what a function has returned, as the sdk wants it.
func (r resource[T]) value(made *T, like cty.Value, fault error) (cty.Value, sdk.Diagnostics) {
	v, err := toValue(made, like, r.schema.Object(), func(name string) bool { return r.schema.Attributes[name].Computed })
	if err != nil {
		return like, internal(err)
	}
	if fault != nil {
		return v, failed("cannot make it as it is wanted", fault)
	}
	return v, nil
}

func internal(err error) sdk.Diagnostics {
	return sdk.Errorf("the plugin has a mistake", "%s", err)
}
