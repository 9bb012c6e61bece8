package terraform

import (
	"context"
	"fmt"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// imported asks the provider for the thing with an id; most of it may only be found by a look.
func (r resource) imported(ctx context.Context, i *instance, id string) (thing, sdk.Diagnostics) {
	answer := &tfplugin6.ImportResponse{}
	diags := r.ask(ctx, i.process, callPatience, "ImportResourceState",
		&tfplugin6.ImportRequest{TypeName: r.kind.name, Id: id, ClientCapabilities: capable}, answer)
	if diags != nil {
		return thing{}, diags
	}
	if diags = diagnosed(answer.GetDiagnostics()); diags.HasErrors() {
		return thing{}, diags
	}
	if answer.GetDeferred() != nil {
		return thing{}, append(diags, r.unusable(errPutOff)...)
	}
	all := answer.GetImportedResources()
	if len(all) != 1 || all[0].GetTypeName() != r.kind.name {
		return thing{}, append(diags, r.unusable(fmt.Errorf("it imports %d things for the id of one %s, and recipe takes over one of the same type", len(all), r.kind.name))...)
	}
	state, err := r.known(all[0].GetState())
	if err != nil {
		return thing{}, append(diags, r.unusable(err)...)
	}
	return thing{state, all[0].GetPrivate()}, diags
}
