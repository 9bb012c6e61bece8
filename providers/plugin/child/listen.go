package child

import (
	"context"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Listen passes on what an adopted program writes to its standard error, also what it wrote since it was left, until ended is closed.
// A program that is served by go-plugin sends it over the connection, any other writes to the pipe. say is called from two goroutines.
func (r Record) Listen(connection *grpc.ClientConn, ended <-chan struct{}, say func(line string)) {
	ctx, cancel := context.WithCancel(context.Background())
	if pipe, err := openErr(r.Sockets); err == nil { // one of an older recipe has none
		go func() { _, _ = io.Copy(&lines{say: say}, pipe) }()
		context.AfterFunc(ctx, func() { _ = pipe.Close() })
	}
	go listenStream(ctx, connection, &lines{say: say})
	go func() {
		<-ended
		time.Sleep(lastWords)
		cancel()
	}()
}

// The stream of go-plugin's service GRPCStdio: messages with a channel, field 1, and data, field 2.
const (
	stdioMethod = "/plugin.GRPCStdio/StreamStdio"
	stdioStderr = 2
)

func listenStream(ctx context.Context, connection *grpc.ClientConn, to io.Writer) {
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, stdioMethod)
	if err == nil {
		err = stream.SendMsg(&emptypb.Empty{})
	}
	if err == nil {
		err = stream.CloseSend()
	}
	for err == nil {
		var m emptypb.Empty // it keeps the fields that it does not know
		if err = stream.RecvMsg(&m); err == nil {
			if channel, data := stdioOf(m.ProtoReflect().GetUnknown()); channel == stdioStderr {
				_, _ = to.Write(data)
			}
		}
	}
}

// stdioOf reads a message of the stream; what is not one has no channel.
func stdioOf(message []byte) (channel uint64, data []byte) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return 0, nil
		}
		message = message[n:]
		switch {
		case number == 1 && kind == protowire.VarintType:
			channel, n = protowire.ConsumeVarint(message)
		case number == 2 && kind == protowire.BytesType:
			data, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return 0, nil
		}
		message = message[n:]
	}
	return channel, data
}
