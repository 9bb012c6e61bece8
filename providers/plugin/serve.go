package plugin

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Serve serves p to the recipe that has started this program, and ends the program when recipe is gone. Anybody else who
// starts it is told what it is. What the program writes to its standard output is dropped, and a little of its standard error gets
// into the log of the agent: what the user is to know goes into diagnostics and reports.
func Serve(p sdk.Provider) {
	if os.Getenv(protocol.CookieKey) != protocol.CookieValue {
		fmt.Fprintf(os.Stderr, "This program is a plugin of recipe. Name it in a stack with uses_provider, or try it with: recipe plugin test %s\n", os.Args[0])
		os.Exit(1)
	}
	gone := newLease(func() { os.Exit(0) })
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  goplugin.HandshakeConfig{MagicCookieKey: protocol.CookieKey, MagicCookieValue: protocol.CookieValue},
		VersionedPlugins: map[int]goplugin.PluginSet{protocol.Version: {"provider": service{provider: p}}},
		Logger:           hclog.NewNullLogger(),
		GRPCServer: func(o []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(o, grpc.MaxRecvMsgSize(protocol.MaxMessage), grpc.StatsHandler(gone))...)
		},
	})
}

// service is what go-plugin serves.
type service struct {
	goplugin.NetRPCUnsupportedPlugin
	provider sdk.Provider
}

var _ goplugin.GRPCPlugin = service{}

func (s service) GRPCServer(_ *goplugin.GRPCBroker, server *grpc.Server) error {
	Register(server, s.provider)
	return nil
}

// GRPCClient is for the other side.
func (service) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, fmt.Errorf("internal error: a plugin does not call plugins")
}
