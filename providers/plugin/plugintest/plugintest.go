// Package plugintest lets the types of a provider be tried as those of a plugin. Only tests import it.
package plugintest

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/nsynapse/recipe/providers/plugin"
	"github.com/nsynapse/recipe/providers/plugin/host"
	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

// Run tries all laws of sdktest twice: on the provider as it is, and through the protocol of plugins.
func Run(t *testing.T, s sdktest.Suite) {
	t.Helper()
	t.Run("in process", func(t *testing.T) { sdktest.Run(t, s) })
	t.Run("over gRPC", func(t *testing.T) {
		s.Provider = Through(t, s.Provider)
		sdktest.Run(t, s)
	})
}

// Through returns p as it is seen through the protocol, over a unix socket and within this process, until the test ends.
func Through(t *testing.T, p sdk.Provider) sdk.Provider {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(protocol.MaxMessage))
	plugin.Register(server, p)
	go func() { _ = server.Serve(listener) }() // until Stop
	t.Cleanup(server.Stop)
	connection, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return host.Connected(connection, "through", schema(t, p), host.Options{Patience: time.Minute})
}

// schema is that of p after it went through the protocol.
func schema(t *testing.T, p sdk.Provider) sdk.Schema {
	t.Helper()
	m, err := wire.FromSchema(p.Schema())
	if err != nil {
		t.Fatal(err)
	}
	s, err := wire.ToSchema(m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
