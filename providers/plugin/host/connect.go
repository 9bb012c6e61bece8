package host

import (
	"google.golang.org/grpc"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Connected returns the provider at the other end of a connection that somebody else has made and closes; its types are
// those of schema. Its types have the patience of o.
func Connected(connection grpc.ClientConnInterface, name string, schema sdk.Schema, o Options) *Plugin {
	l := connected{callsOver(connection)}
	return newPlugin(name, schema, o.Patience, &said{}, func() (link, error) { return l, nil })
}

// connected is a link that cannot be ended from here.
type connected struct{ calls protocol.ProviderClient }

var _ link = connected{}

func (c connected) client() protocol.ProviderClient { return c.calls }
func (c connected) ended() <-chan struct{}          { return nil }
func (c connected) kill()                           {}
func (c connected) post() error                     { return nil }
