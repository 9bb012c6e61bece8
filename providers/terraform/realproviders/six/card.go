package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// card is a file with a text: required, replacing, defaulted, computed, sensitive and write-only attributes, a nested
// attribute, a nested block, an import, and an upgrade of its state from version 1 to 2.
type card struct{ *settings }

type cardModel struct {
	Name    types.String `tfsdk:"name"`
	Text    types.String `tfsdk:"text"`
	Colour  types.String `tfsdk:"colour"`
	Seal    types.String `tfsdk:"seal"`
	Whisper types.String `tfsdk:"whisper"`
	Delay   types.String `tfsdk:"delay"`
	Path    types.String `tfsdk:"path"`
	Size    types.Int64  `tfsdk:"size"`
	Places  types.Map    `tfsdk:"places"`
	Lines   types.List   `tfsdk:"line"`
}

type place struct {
	Street types.String `tfsdk:"street"`
	Number types.Int64  `tfsdk:"number"`
	Label  types.String `tfsdk:"label"`
}

var placeType = types.ObjectType{AttrTypes: map[string]attr.Type{"street": types.StringType, "number": types.Int64Type, "label": types.StringType}}

type line struct {
	Text types.String `tfsdk:"text"`
}

func (*card) Metadata(_ context.Context, _ resource.MetadataRequest, r *resource.MetadataResponse) {
	r.TypeName = "six_card"
}

func (*card) Schema(_ context.Context, _ resource.SchemaRequest, r *resource.SchemaResponse) {
	anew := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	r.Schema = schema.Schema{
		Version:     2,
		Description: "A card in a file.",
		Attributes: map[string]schema.Attribute{
			"name":    schema.StringAttribute{Required: true, PlanModifiers: anew, Description: "The name of the file."},
			"text":    schema.StringAttribute{Required: true, Description: "What is on it."},
			"colour":  schema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString("white"), Description: "Its colour."},
			"seal":    schema.StringAttribute{Optional: true, Sensitive: true, Description: "A secret."},
			"whisper": schema.StringAttribute{Optional: true, WriteOnly: true, Description: "A secret that is not kept."},
			"delay":   schema.StringAttribute{Optional: true, Description: "How long making it takes; a file tells that it has begun."},
			"path":    schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}, Description: "The path of the file."},
			"size":    schema.Int64Attribute{Computed: true, Description: "How many bytes the file has."},
			"places": schema.MapNestedAttribute{Optional: true, Description: "Whom it goes to.", NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"street": schema.StringAttribute{Required: true, Description: "The street."},
				"number": schema.Int64Attribute{Optional: true, Description: "The number of the house."},
				"label":  schema.StringAttribute{Computed: true, Description: "Both in one."},
			}}},
		},
		Blocks: map[string]schema.Block{
			"line": schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"text": schema.StringAttribute{Required: true, Description: "One more line."},
			}}},
		},
	}
}

func (c *card) Configure(_ context.Context, q resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	c.settings, _ = q.ProviderData.(*settings)
}

func (c *card) file(name string) string { return filepath.Join(c.Directory.ValueString(), name) }

// write puts the card into its file; whisper comes from the configuration, since no plan has it.
func (c *card) write(ctx context.Context, m *cardModel, whisper types.String) error {
	if delay, err := time.ParseDuration(m.Delay.ValueString()); err == nil {
		if err := os.WriteFile(c.file(m.Name.ValueString()+".begun"), nil, 0o644); err != nil {
			return err
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return errors.New("it was asked to stop")
		}
	}
	places, labels := map[string]place{}, map[string]attr.Value{}
	m.Places.ElementsAs(ctx, &places, false)
	for key, p := range places {
		p.Label = types.StringValue(fmt.Sprintf("%s %d", p.Street.ValueString(), p.Number.ValueInt64()))
		labels[key] = types.ObjectValueMust(placeType.AttrTypes, map[string]attr.Value{"street": p.Street, "number": p.Number, "label": p.Label})
	}
	if !m.Places.IsNull() {
		m.Places = types.MapValueMust(placeType, labels)
	}
	var lines []line
	m.Lines.ElementsAs(ctx, &lines, false)
	text := m.Text.ValueString() + "\n" + m.Colour.ValueString() + "\n"
	for _, l := range lines {
		text += l.Text.ValueString() + "\n"
	}
	for _, secret := range []types.String{m.Seal, whisper, c.Token} {
		text += fmt.Sprintf("%d\n", len(secret.ValueString()))
	}
	m.Path, m.Size = types.StringValue(c.file(m.Name.ValueString())), types.Int64Value(int64(len(text)))
	return os.WriteFile(m.Path.ValueString(), []byte(text), 0o644)
}

func (c *card) Create(ctx context.Context, q resource.CreateRequest, r *resource.CreateResponse) {
	var m, config cardModel
	r.Diagnostics.Append(q.Plan.Get(ctx, &m)...)
	r.Diagnostics.Append(q.Config.Get(ctx, &config)...)
	if err := c.write(ctx, &m, config.Whisper); err != nil {
		r.Diagnostics.AddAttributeError(path.Root("name"), "Cannot write the card", err.Error())
		return
	}
	r.Diagnostics.Append(r.State.Set(ctx, &m)...)
	r.Diagnostics.Append(r.Private.SetKey(ctx, "made", []byte(`"yes"`))...)
}

func (c *card) Update(ctx context.Context, q resource.UpdateRequest, r *resource.UpdateResponse) {
	var m, config cardModel
	r.Diagnostics.Append(q.Plan.Get(ctx, &m)...)
	r.Diagnostics.Append(q.Config.Get(ctx, &config)...)
	if made, _ := q.Private.GetKey(ctx, "made"); string(made) != `"yes"` && !strings.HasPrefix(m.Name.ValueString(), "found") {
		r.Diagnostics.AddError("Not mine", "what I keep of it is lost")
		return
	}
	if err := c.write(ctx, &m, config.Whisper); err != nil {
		r.Diagnostics.AddError("Cannot write the card", err.Error())
		return
	}
	r.Diagnostics.AddAttributeWarning(path.Root("text"), "Written over", "what was on it is gone")
	r.Diagnostics.Append(r.State.Set(ctx, &m)...)
}

func (c *card) Read(ctx context.Context, q resource.ReadRequest, r *resource.ReadResponse) {
	var m cardModel
	r.Diagnostics.Append(q.State.Get(ctx, &m)...)
	content, err := os.ReadFile(c.file(m.Name.ValueString()))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.State.RemoveResource(ctx)
		return
	case err != nil:
		r.Diagnostics.AddError("Cannot read the card", err.Error())
		return
	}
	text, rest, _ := strings.Cut(string(content), "\n")
	colour, _, _ := strings.Cut(rest, "\n")
	m.Text, m.Colour = types.StringValue(text), types.StringValue(colour)
	m.Path, m.Size = types.StringValue(c.file(m.Name.ValueString())), types.Int64Value(int64(len(content)))
	r.Diagnostics.Append(r.State.Set(ctx, &m)...)
}

func (c *card) Delete(ctx context.Context, q resource.DeleteRequest, r *resource.DeleteResponse) {
	var m cardModel
	r.Diagnostics.Append(q.State.Get(ctx, &m)...)
	if err := os.Remove(c.file(m.Name.ValueString())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.Diagnostics.AddError("Cannot remove the card", err.Error())
	}
}

func (c *card) ImportState(ctx context.Context, q resource.ImportStateRequest, r *resource.ImportStateResponse) {
	resource.ImportStatePassthroughID(ctx, path.Root("name"), q, r)
}

// UpgradeState brings cards of version 1, whose text was called words, up to date.
func (c *card) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return map[int64]resource.StateUpgrader{1: {StateUpgrader: func(ctx context.Context, q resource.UpgradeStateRequest, r *resource.UpgradeStateResponse) {
		var old struct{ Name, Words, Path string }
		if err := json.Unmarshal(q.RawState.JSON, &old); err != nil {
			r.Diagnostics.AddError("Not a card", err.Error())
			return
		}
		r.Diagnostics.Append(r.State.Set(ctx, &cardModel{
			Name: types.StringValue(old.Name), Text: types.StringValue(old.Words), Colour: types.StringValue("white"), Path: types.StringValue(old.Path),
			Size: types.Int64Value(0), Places: types.MapNull(placeType), Lines: types.ListNull(types.ObjectType{AttrTypes: map[string]attr.Type{"text": types.StringType}}),
		})...)
	}}}
}
