package main

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	dataschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// wild has an attribute of any type.
type wild struct{}

func (wild) Metadata(_ context.Context, _ resource.MetadataRequest, r *resource.MetadataResponse) {
	r.TypeName = "six_wild"
}

func (wild) Schema(_ context.Context, _ resource.SchemaRequest, r *resource.SchemaResponse) {
	r.Schema = schema.Schema{Attributes: map[string]schema.Attribute{"any": schema.DynamicAttribute{Optional: true, Description: "Anything."}}}
}

func (wild) Create(context.Context, resource.CreateRequest, *resource.CreateResponse) {}
func (wild) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (wild) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}
func (wild) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

// count is a data source: how many files there are.
type count struct{ *settings }

type countModel struct {
	Suffix types.String `tfsdk:"suffix"`
	Files  types.Int64  `tfsdk:"files"`
}

func (*count) Metadata(_ context.Context, _ datasource.MetadataRequest, r *datasource.MetadataResponse) {
	r.TypeName = "six_count"
}

func (*count) Schema(_ context.Context, _ datasource.SchemaRequest, r *datasource.SchemaResponse) {
	r.Schema = dataschema.Schema{Attributes: map[string]dataschema.Attribute{
		"suffix": dataschema.StringAttribute{Optional: true, Description: "No use of it is made."},
		"files":  dataschema.Int64Attribute{Computed: true, Description: "How many there are."},
	}}
}

func (c *count) Configure(_ context.Context, q datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	c.settings, _ = q.ProviderData.(*settings)
}

func (c *count) Read(ctx context.Context, q datasource.ReadRequest, r *datasource.ReadResponse) {
	var m countModel
	r.Diagnostics.Append(q.Config.Get(ctx, &m)...)
	all, err := os.ReadDir(c.Directory.ValueString())
	if err != nil {
		r.Diagnostics.AddError("Cannot count", err.Error())
		return
	}
	m.Files = types.Int64Value(int64(len(all)))
	r.Diagnostics.Append(r.State.Set(ctx, &m)...)
}
