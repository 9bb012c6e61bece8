package terraform

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/nsynapse/recipe/providers/plugin/child"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin5"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// maxMessage is the longest message in bytes, and maxSchema that with all the types of a provider, which large ones need.
const (
	maxMessage = 4 << 20
	maxSchema  = 64 << 20
)

// dialect is how Terraform's providers are started; the variable is their own, the same for all of them.
var dialect = child.Dialect{
	CookieKey:   "TF_PLUGIN_MAGIC_COOKIE",
	CookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
	Versions:    []int{5, 6}, MaxMessage: maxMessage, ShortTemp: true,
	Unspoken: "it does not speak version 5 or 6 of Terraform's plugin protocol; use a later release of it",
}

// The versions of the protocol call the same things by other names.
var (
	services = map[int]string{5: "/tfplugin5.Provider/", 6: "/tfplugin6.Provider/"}
	older    = map[string]string{ // what version 5 says for a name of version 6
		"GetProviderSchema":          "GetSchema",
		"ValidateProviderConfig":     "PrepareProviderConfig",
		"ValidateResourceConfig":     "ValidateResourceTypeConfig",
		"ValidateDataResourceConfig": "ValidateDataSourceConfig",
		"ConfigureProvider":          "Configure",
		"StopProvider":               "Stop",
	}
)

// caller calls a provider. Its messages are those of version 6, which are the same bytes in version 5 but for the schemas.
type caller struct {
	connection grpc.ClientConnInterface
	version    int
}

func (c caller) call(ctx context.Context, name string, request, answer proto.Message, options ...grpc.CallOption) error {
	if old, ok := older[name]; ok && c.version == 5 {
		name = old
	}
	return c.connection.Invoke(ctx, services[c.version]+name, request, answer, options...)
}

// schemas asks for all types.
func (c caller) schemas(ctx context.Context) (*tfplugin6.SchemaResponse, error) {
	limit := grpc.MaxCallRecvMsgSize(maxSchema)
	if c.version == 6 {
		m := &tfplugin6.SchemaResponse{}
		return m, c.call(ctx, "GetProviderSchema", &tfplugin6.SchemaRequest{}, m, limit)
	}
	m := &tfplugin5.SchemaResponse{}
	if err := c.call(ctx, "GetProviderSchema", &tfplugin6.SchemaRequest{}, m, limit); err != nil {
		return nil, err
	}
	return fromFive(m)
}

// fromFive makes schemas of version 5 ones of version 6.
func fromFive(m *tfplugin5.SchemaResponse) (*tfplugin6.SchemaResponse, error) {
	n := &tfplugin6.SchemaResponse{Diagnostics: m.Diagnostics, ServerCapabilities: m.ServerCapabilities,
		ResourceSchemas: map[string]*tfplugin6.Schema{}, DataSourceSchemas: map[string]*tfplugin6.Schema{}}
	var err error
	read := func(s *tfplugin5.Schema) *tfplugin6.Schema {
		b, fault := blockFromFive(s.GetBlock(), 0)
		if fault != nil {
			err = fault
		}
		return &tfplugin6.Schema{Version: s.GetVersion(), Block: b}
	}
	n.Provider = read(m.Provider)
	for name, s := range m.ResourceSchemas {
		n.ResourceSchemas[name] = read(s)
	}
	for name, s := range m.DataSourceSchemas {
		n.DataSourceSchemas[name] = read(s)
	}
	return n, err
}

func blockFromFive(b *tfplugin5.Schema_Block, depth int) (*tfplugin6.Schema_Block, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("its blocks are nested more than %d deep", maxNesting)
	}
	n := &tfplugin6.Schema_Block{Description: b.GetDescription(), Deprecated: b.GetDeprecated()}
	for _, a := range b.GetAttributes() {
		n.Attributes = append(n.Attributes, &tfplugin6.Schema_Attribute{Name: a.Name, Type: a.Type, Description: a.Description, Required: a.Required,
			Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, Deprecated: a.Deprecated, WriteOnly: a.WriteOnly})
	}
	for _, inner := range b.GetBlockTypes() {
		read, err := blockFromFive(inner.GetBlock(), depth+1)
		if err != nil {
			return nil, err
		}
		n.BlockTypes = append(n.BlockTypes, &tfplugin6.Schema_NestedBlock{TypeName: inner.TypeName, Block: read, Nesting: inner.Nesting, MinItems: inner.MinItems, MaxItems: inner.MaxItems})
	}
	return n, nil
}
