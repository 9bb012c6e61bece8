package host

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
)

// callsOver are the calls of the plugin at the other end of a connection. Its answers are measured before they are read.
func callsOver(connection grpc.ClientConnInterface) protocol.ProviderClient {
	return protocol.NewProviderClient(measured{connection})
}

type measured struct{ grpc.ClientConnInterface }

// Invoke implements grpc.ClientConnInterface.
func (m measured) Invoke(ctx context.Context, method string, args, reply any, o ...grpc.CallOption) error {
	return m.ClientConnInterface.Invoke(ctx, method, args, reply, append(o, grpc.ForceCodecV2(codec{encoding.GetCodecV2("proto")}))...)
}

// NewStream implements grpc.ClientConnInterface.
func (m measured) NewStream(ctx context.Context, d *grpc.StreamDesc, method string, o ...grpc.CallOption) (grpc.ClientStream, error) {
	return m.ClientConnInterface.NewStream(ctx, d, method, append(o, grpc.ForceCodecV2(codec{encoding.GetCodecV2("proto")}))...)
}

// codec is that of gRPC, which measures.
type codec struct{ encoding.CodecV2 }

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return fmt.Errorf("internal error: %T is no message", v)
	}
	text := data.Materialize()
	if err := wire.MeasurePieces(text, m.ProtoReflect().Descriptor()); err != nil {
		return err
	}
	return proto.Unmarshal(text, m)
}
