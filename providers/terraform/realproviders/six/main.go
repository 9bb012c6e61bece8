// Six is a Terraform provider that speaks version 6 of the protocol, written with terraform-plugin-framework: small, and with
// what the providers of hashicorp beside it do not have. Its things are files.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func main() {
	err := providerserver.Serve(context.Background(), func() provider.Provider { return six{} },
		providerserver.ServeOpts{Address: "example.org/recipe/six", ProtocolVersion: 6})
	if err != nil {
		log.Fatal(err)
	}
}

// six is the provider. Its configuration has a directory, in which all files lie, and a token that goes into each of them.
type six struct{}

type settings struct {
	Directory types.String `tfsdk:"directory"`
	Token     types.String `tfsdk:"token"`
}

func (six) Metadata(_ context.Context, _ provider.MetadataRequest, r *provider.MetadataResponse) {
	r.TypeName = "six"
}

func (six) Schema(_ context.Context, _ provider.SchemaRequest, r *provider.SchemaResponse) {
	r.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"directory": schema.StringAttribute{Required: true, Description: "Where the files are."},
		"token":     schema.StringAttribute{Optional: true, Sensitive: true, Description: "What every file ends with."},
	}}
}

func (six) Configure(ctx context.Context, q provider.ConfigureRequest, r *provider.ConfigureResponse) {
	var s settings
	r.Diagnostics.Append(q.Config.Get(ctx, &s)...)
	if s.Directory.ValueString() == "nowhere" {
		r.Diagnostics.AddAttributeError(path.Root("directory"), "No directory", "nowhere is no directory, and the token is "+s.Token.ValueString())
	}
	r.ResourceData, r.DataSourceData = &s, &s
}

func (six) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &card{} }, func() resource.Resource { return &wild{} }}
}

func (six) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return &count{} }}
}
