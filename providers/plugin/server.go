package plugin

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Register serves p on a server that somebody else runs.
func Register(s grpc.ServiceRegistrar, p sdk.Provider) {
	types := map[string]cty.Type{}
	for name, t := range p.Schema().Types {
		types[name] = t.Object()
	}
	protocol.RegisterProviderServer(s, &server{provider: p, types: types, turns: newTurns()})
}

// server answers calls with those of a provider.
type server struct {
	protocol.UnimplementedProviderServer
	provider sdk.Provider
	types    map[string]cty.Type
	turns    *turns
}

func (s *server) Schema(context.Context, *protocol.SchemaRequest) (*protocol.SchemaResponse, error) {
	m, err := wire.FromSchema(s.provider.Schema())
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return m, nil
}

func (s *server) Read(ctx context.Context, m *protocol.ReadRequest) (*protocol.ReadResponse, error) {
	resource, ty, err := s.find(m.GetType())
	if err != nil {
		return nil, err
	}
	id, err := identity(m.GetIdentity(), ty)
	if err != nil {
		return nil, err
	}
	done, err := s.turns.take(ctx, id)
	if err != nil {
		return nil, err
	}
	defer done()
	v, diags := guarded(func() (cty.Value, sdk.Diagnostics) { return resource.Read(ctx, id) })
	value, err := wire.FromValue(v, ty)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &protocol.ReadResponse{Value: value, Diagnostics: wire.FromDiagnostics(diags)}, nil
}

func (s *server) find(name string) (sdk.Resource, cty.Type, error) {
	resource, ty := s.provider.Resource(name), s.types[name]
	if resource == nil || ty == cty.NilType {
		return nil, ty, status.Errorf(codes.InvalidArgument, "there is no type %q", name)
	}
	return resource, ty, nil
}

func identity(m *protocol.Identity, ty cty.Type) (sdk.Identity, error) {
	known, err := given("known", m.GetKnown(), ty)
	return sdk.Identity{Address: m.GetAddress(), Stack: m.GetStack(), Known: known}, err
}

// given reads a value of a request; an empty one is null.
func given(what string, text []byte, ty cty.Type) (cty.Value, error) {
	v, err := wire.ToValue(text, ty)
	if err != nil {
		return v, status.Errorf(codes.InvalidArgument, "%s: %s", what, err)
	}
	if v == cty.NilVal {
		v = cty.NullVal(ty)
	}
	return v, nil
}

// panicked is said, in a deferred function, of what a panic was called with. The stack is too long for that: it goes to the standard error.
func panicked(fault any) sdk.Diagnostics {
	fmt.Fprintf(os.Stderr, "panic: %v\n%s", fault, debug.Stack())
	return sdk.Errorf("the plugin panicked", "%v, %s; its standard error (agent.log) has the stack", fault, culprit())
}

// culprit says, in a deferred function, where the panic began: "in main.writeNote (note.go:65)".
func culprit() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	begun := false
	for {
		frame, more := frames.Next()
		switch {
		case frame.Function == "runtime.gopanic":
			begun = true
		case begun && !strings.HasPrefix(frame.Function, "runtime."):
			return fmt.Sprintf("in %s (%s:%d)", frame.Function, filepath.Base(frame.File), frame.Line)
		}
		if !more {
			return "at a place that is not known"
		}
	}
}

// guarded turns a panic of a provider into a diagnostic; what it left is not known then, and v is zero.
func guarded[T any](call func() (T, sdk.Diagnostics)) (v T, diags sdk.Diagnostics) {
	defer func() {
		if fault := recover(); fault != nil {
			v, diags = *new(T), panicked(fault)
		}
	}()
	return call()
}
