package wire_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
)

// A message is refused for what is in it, at any depth, and not for its length.
func TestMeasurePieces(t *testing.T) {
	deep := &protocol.ApplyResponse{Message: &protocol.ApplyResponse_Result{Result: &protocol.Result{Diagnostics: []*protocol.Diagnostic{{}}}}}
	for range 200_000 {
		deep.GetResult().Diagnostics[0].Path = append(deep.GetResult().Diagnostics[0].Path, &protocol.Step{})
	}
	for name, c := range map[string]struct {
		m    proto.Message
		want string
	}{
		"long": {&protocol.PlanResponse{Reason: strings.Repeat("x", protocol.MaxMessage), Replace: make([]string, 1000)}, ""},
		"many": {&protocol.PlanResponse{Replace: make([]string, 200_001)}, "more than 200000 pieces"},
		"deep": {deep, "more than 200000 pieces"},
	} {
		text, err := proto.Marshal(c.m)
		if err != nil {
			t.Fatal(err)
		}
		if err := wire.MeasurePieces(text, c.m.ProtoReflect().Descriptor()); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if err := wire.MeasurePieces([]byte("\xff\xff\xff"), deep.ProtoReflect().Descriptor()); err != nil {
		t.Errorf("what is no message is left to its reader: %v", err)
	}
}
